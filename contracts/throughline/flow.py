"""The map: every topic, who speaks and hears it, by which key, how long it is kept. Tests hold the services to it.

The reference topics stand in ``reference_topics.py``; what a topic is, in ``topic.py``.
"""

from __future__ import annotations

import re

from throughline import (
    accounts,
    answers,
    decisions,
    drafts,
    exclusions,
    items,
    orders,
    parked,
    payees,
    payments,
    questions,
    remittances,
    repairs,
    requests,
    reviews,
    rule_sets,
    submissions,
)
from throughline.message import Message
from throughline.reference_topics import PEOPLE as PEOPLE
from throughline.reference_topics import REFERENCE as REFERENCE
from throughline.topic import Kind as Kind
from throughline.topic import Topic as Topic

SERVICES = ("intake", "validation", "payout", "remittance", "audit", "portal")

INTAKE = Topic(
    "intake.*",
    Kind.INTAKE,
    speaks=("partner", "portal"),
    hears=("intake", "audit", "portal"),
    key="the partner's choice",
    messages=(requests.SubmitRequest, requests.CorrectRequest, requests.WithdrawRequest),
    message_bytes_max=262_144,
)
ANSWERS = Topic(
    "answers.*",
    Kind.EVENTS,
    speaks=("intake",),
    hears=("audit", "portal"),
    key="request id, else a hash of the coordinates",
    messages=(answers.RequestAnswered,),
)
SUBMISSIONS = Topic(
    "submissions",
    Kind.EVENTS,
    speaks=("intake",),
    hears=("validation", "audit", "portal"),
    key="request id",
    messages=(submissions.SubmissionReceived, submissions.SubmissionWithdrawn, submissions.AttachmentShown),
)
DECISIONS = Topic(
    "decisions",
    Kind.EVENTS,
    speaks=("validation",),
    hears=("payout", "remittance", "audit", "portal"),
    key="request id; rules for what was published; a list's id where it was refused",
    messages=(
        decisions.ReviewOpened,
        decisions.ReviewAssigned,
        decisions.FirstApprovalGiven,
        decisions.DisputeOpened,
        decisions.DisputeDecided,
        decisions.SubmissionApproved,
        decisions.SubmissionDenied,
        decisions.SubmissionExcepted,
        decisions.ApprovalRevoked,
        decisions.RecoveryOpened,
        exclusions.NameCleared,
        exclusions.ClearanceTakenBack,
        rule_sets.RuleSetPublished,
        decisions.CommandRefused,
    ),
)
REVIEWS = Topic(
    "reviews",
    Kind.COMMANDS,
    speaks=("portal", "cli"),
    hears=("validation", "audit", "portal"),
    key="request id",
    messages=(reviews.DecideReview, reviews.AssignReview, reviews.DisputeDecision),
)
PAYEES = Topic(
    "payees",
    Kind.COMMANDS,
    speaks=("portal", "cli", "enrolment"),
    hears=("payout", "audit", "portal"),
    key="payee id",
    messages=(payees.EnrolAccount, payees.ChangeAccount, payees.ConfirmAccount),
)
ITEMS = Topic(
    "items",
    Kind.EVENTS,
    speaks=("payout",),
    hears=("validation", "remittance", "audit", "portal"),
    key="request id",
    messages=(
        items.ItemScheduled,
        items.ItemHeld,
        items.ItemReleased,
        items.ItemStopped,
        items.ItemTooLate,
        decisions.CommandRefused,
    ),
)
PAYMENTS = Topic(
    "payments",
    Kind.EVENTS,
    speaks=("payout",),
    hears=("remittance", "audit", "portal"),
    key="payment id; batch id for a batch's own events",
    messages=(
        payments.PaymentSent,
        payments.PaymentSettled,
        payments.PaymentReturned,
        payments.PaymentReissued,
        payments.ReversalOrdered,
        payments.ReversalScheduled,
        payments.ReversalFailed,
        payments.PaymentReversed,
        payments.PaymentRefused,
        payments.BatchClosed,
        payments.BatchHeld,
        payments.BatchReleased,
        payments.BatchRedated,
        payments.BatchRefused,
        payments.FileResolved,
        payments.FindingResolved,
    ),
)
ACCOUNTS = Topic(
    "accounts",
    Kind.EVENTS,
    speaks=("payout",),
    hears=("audit", "portal"),
    key="payee id",
    messages=(
        accounts.AccountVerified,
        accounts.AccountHeld,
        accounts.AccountChanged,
        decisions.CommandRefused,
    ),
)
ORDERS = Topic(
    "orders",
    Kind.COMMANDS,
    speaks=("portal", "cli"),
    hears=("payout", "audit", "portal"),
    key="request, payment or batch id",
    messages=(
        orders.HoldItem,
        orders.ReleaseItem,
        orders.HoldBatch,
        orders.ReleaseBatch,
        orders.ReissuePayment,
        orders.ReversePayment,
    ),
)
REMITTANCES = Topic(
    "remittances",
    Kind.EVENTS,
    speaks=("remittance",),
    hears=("audit", "portal"),
    key="remittance id",
    messages=(
        remittances.RemittancePosted,
        remittances.RemittanceReversed,
        remittances.RemittanceSuperseded,
        remittances.MismatchFound,
    ),
)
PARKED = Topic(
    "parked.*",
    Kind.EVENTS,
    speaks=("each service its own",),
    hears=("audit", "portal"),
    key="the record's topic and partition",
    messages=(
        parked.RecordParked,
        parked.RecordRedriven,
        parked.RecordDiscarded,
        decisions.CommandRefused,
    ),
    partitions=1,
    retention_days=90,
)
REPAIRS = Topic(
    "repairs",
    Kind.COMMANDS,
    speaks=("portal", "cli"),
    hears=SERVICES,
    key="the record's coordinates",
    messages=(repairs.RedriveRecord, repairs.RedriveRecords, repairs.DiscardRecord),
    partitions=1,
)

RULES = Topic(
    "rules",
    Kind.COMMANDS,
    speaks=("portal", "cli"),
    hears=("validation", "audit", "portal"),
    key=rule_sets.KEY,
    messages=(rule_sets.PublishRuleSet,),
    partitions=1,
    retention_days=3650,
)
DRAFTS = Topic(
    "drafts",
    Kind.EVENTS,
    speaks=("portal",),
    hears=("audit", "portal"),
    key="draft id",
    messages=(drafts.DraftSaved, drafts.DraftDiscarded),
)


QUESTIONS = Topic(
    "questions",
    Kind.COMMANDS,  # no sequence: each is a person's own signed word, and counts once
    speaks=("portal",),
    hears=("audit", "portal"),
    key="request id",
    messages=(questions.QuestionAsked, questions.QuestionAnswered),
    retention_days=365,
)
TOPICS: tuple[Topic, ...] = (
    INTAKE,
    ANSWERS,
    SUBMISSIONS,
    DECISIONS,
    REVIEWS,
    PAYEES,
    ITEMS,
    PAYMENTS,
    ACCOUNTS,
    ORDERS,
    REMITTANCES,
    PARKED,
    REPAIRS,
    RULES,
    PEOPLE,
    DRAFTS,
    QUESTIONS,
    *REFERENCE,
)


def fixed_topics() -> dict[str, Topic]:
    """Every topic that always exists, by name: the single ones, and ``parked.<service>`` for each service."""
    named = {topic.name: topic for topic in TOPICS if not topic.is_family}
    named.update({PARKED.of(service): PARKED for service in SERVICES})
    return named


def partner_topics(partner: str) -> dict[str, Topic]:
    """The two topics of one partner."""
    return {INTAKE.of(partner): INTAKE, ANSWERS.of(partner): ANSWERS}


def topic_named(name: str) -> Topic | None:
    """The map's entry for a topic's name, also of a family; None where the map does not have it."""
    for topic in TOPICS:
        if re.fullmatch(topic.pattern, name):
            return topic
    return None


def topics_heard_by(service: str) -> tuple[Topic, ...]:
    return tuple(topic for topic in TOPICS if service in topic.hears)


def topic_for(service: str, message: type[Message]) -> Topic:
    """The one topic on which a service says a message. Raises LookupError where none or several could be meant."""
    found = [
        topic
        for topic in TOPICS
        if message in topic.messages and (service in topic.speaks or topic is PARKED) and topic is not ANSWERS
    ]
    if len(found) > 1:  # every service speaks there; what it decides it says on its own topics
        found = [topic for topic in found if topic is not PARKED]
    if len(found) != 1:
        raise LookupError(f"{service} says {message.__name__} on {len(found)} topics; name one")
    return found[0]
