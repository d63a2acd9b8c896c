"""The table of the lifecycle: each transition that may happen, who says it, and under which condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from throughline.decisions import (
    ApprovalRevoked,
    DisputeDecided,
    DisputeOpened,
    FirstApprovalGiven,
    RecoveryOpened,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.items import ItemHeld, ItemReleased, ItemScheduled, ItemStopped, ItemTooLate
from throughline.lifecycle_facts import (
    Facts,
    always,
    before_sending,
    before_settlement,
    came_to_nothing,
    completes,
    completes_to_recover,
    given_up,
    is_over,
    not_yet,
    nothing_paid,
    of_this_batch,
    of_this_payment,
    recovered,
    refused_by_bank,
    returned,
    stopped,
    taken_back,
)
from throughline.lifecycle_states import (
    AFTER_A_PAYMENT,
    APPROVED,
    CAME_BACK,
    DECIDED,
    DENIED,
    DENIED_EXCEPTED,
    DENIED_REVIEWED,
    DENIED_SUBMITTED,
    EXCEPTED,
    IN_REVIEW,
    MISMATCH,
    NEW,
    ON_HOLD,
    PAID,
    RECOVERING,
    RETURNED,
    REVERSED,
    SCHEDULED,
    STOPPABLE,
    SUBMITTED,
    UNRELEASED,
    WITH_THE_PAYEE,
    Node,
    Substatus,
    ended,
)
from throughline.message import Message
from throughline.payments import (
    BatchHeld,
    BatchReleased,
    PaymentRefused,
    PaymentReissued,
    PaymentReturned,
    PaymentReversed,
    PaymentSent,
    PaymentSettled,
    ReversalFailed,
    ReversalOrdered,
    ReversalScheduled,
)
from throughline.reasons import Reason
from throughline.remittances import MismatchFound, RemittancePosted, RemittanceReversed, RemittanceSuperseded
from throughline.submissions import SubmissionReceived


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: from these nodes, on this event, if the guard holds, to that node. None: stays."""

    number: str
    owner: str
    on: type[Message]
    come_from: tuple[Node, ...]
    to: Node | None
    when: Callable[[Facts, Any], bool] = always


OF_A_PAYMENT: tuple[tuple[str, type[Message]], ...] = (
    ("payout", PaymentSent),
    ("payout", PaymentSettled),
    ("payout", PaymentReturned),
    ("payout", PaymentRefused),
    ("payout", PaymentReissued),
    ("payout", ReversalOrdered),
    ("payout", ReversalScheduled),
    ("payout", ReversalFailed),
    ("payout", PaymentReversed),
    ("remittance", RemittancePosted),
    ("remittance", RemittanceReversed),
)

TABLE: tuple[Row, ...] = (
    Row("2a", "intake", SubmissionReceived, (NEW,), SUBMITTED),
    Row("4", "validation", ReviewOpened, (SUBMITTED,), IN_REVIEW),
    Row("5", "validation", SubmissionExcepted, (SUBMITTED,), EXCEPTED),
    Row("6", "validation", SubmissionApproved, (IN_REVIEW,), APPROVED),
    # The first of two approvers; the second's is row 6.
    Row("6b", "validation", FirstApprovalGiven, (IN_REVIEW,), None),
    Row("6a", "validation", SubmissionApproved, (SUBMITTED,), APPROVED),
    Row("6a", "validation", SubmissionDenied, (SUBMITTED,), DENIED_SUBMITTED),
    Row("7", "validation", SubmissionExcepted, (IN_REVIEW,), EXCEPTED),
    Row("8", "validation", SubmissionDenied, (IN_REVIEW,), DENIED_REVIEWED),
    Row("10", "validation", ReviewOpened, (EXCEPTED,), IN_REVIEW),
    Row("10a", "validation", SubmissionApproved, (EXCEPTED,), APPROVED, recovered),
    Row("10a", "validation", SubmissionExcepted, (EXCEPTED,), None, recovered),
    Row("11", "validation", SubmissionDenied, (EXCEPTED,), DENIED_EXCEPTED),
    *(
        Row(number, "payout", ItemStopped, (node,), ended(node, how), stopped(cause))
        for cause, how, number in (
            ("withdrawal", Substatus.WITHDRAWN, "11a"),
            ("void", Substatus.VOIDED, "11a"),
            ("correction", Substatus.CORRECTED, "9"),
        )
        for node in STOPPABLE
    ),
    Row("14", "payout", ItemStopped, STOPPABLE, IN_REVIEW, stopped("recall")),
    Row(
        "14",
        "validation",
        ReviewOpened,
        (IN_REVIEW,),
        None,
        lambda facts, event: Reason.RECALLED in event.reasons,
    ),
    # A dispute moves nothing: what is changed by it is the next version.
    *(Row("19", "validation", event, AFTER_A_PAYMENT, None) for event in (DisputeOpened, DisputeDecided)),
    # Asked anew while it waits: the price moved, or something like it was billed meanwhile.
    Row("10b", "validation", ReviewOpened, (IN_REVIEW,), None),
    Row("14", "validation", ApprovalRevoked, DECIDED, None),
    Row("14", "payout", ItemTooLate, DECIDED, None),
    Row("12", "payout", ItemScheduled, (APPROVED,), SCHEDULED),
    # The batch waits for a person. What is told of its payment comes after its release.
    Row("12a", "payout", BatchHeld, (SCHEDULED, UNRELEASED), UNRELEASED, of_this_batch),
    Row("12a", "payout", BatchReleased, (UNRELEASED,), SCHEDULED, of_this_batch),
    Row("12a", "payout", BatchHeld, AFTER_A_PAYMENT, None),
    Row("12a", "payout", BatchReleased, AFTER_A_PAYMENT, None),
    Row("13", "payout", ItemHeld, (APPROVED,), ON_HOLD, before_sending),
    Row("13", "payout", ItemHeld, (ON_HOLD,), None),
    Row("13a", "payout", ItemReleased, (ON_HOLD,), APPROVED),
    Row("16", "payout", ItemHeld, (SCHEDULED,), ON_HOLD, refused_by_bank),
    # Taken out of a batch that waits: its account is no longer in order.
    Row("16", "payout", ItemHeld, (UNRELEASED,), ON_HOLD, refused_by_bank),
    Row("16", "payout", PaymentRefused, (UNRELEASED,), ON_HOLD, before_settlement),
    Row("16", "payout", PaymentRefused, (SCHEDULED,), ON_HOLD, before_settlement),
    Row("16", "payout", PaymentRefused, (ON_HOLD, APPROVED), None, of_this_payment),
    Row("17", "payout", PaymentSent, (SCHEDULED, PAID, *CAME_BACK, ON_HOLD, APPROVED, MISMATCH), None),
    Row("22", "payout", PaymentSettled, (SCHEDULED,), RECOVERING, completes_to_recover),
    Row("22", "remittance", RemittancePosted, (SCHEDULED,), RECOVERING, completes_to_recover),
    Row("17", "payout", PaymentSettled, (SCHEDULED,), PAID, completes),
    Row("17", "remittance", RemittancePosted, (SCHEDULED,), PAID, completes),
    Row("17", "payout", PaymentSettled, (SCHEDULED,), None, not_yet),
    Row("17", "remittance", RemittancePosted, (SCHEDULED,), None, not_yet),
    Row("17a", "remittance", RemittancePosted, (APPROVED,), PAID, nothing_paid),
    Row("17a", "remittance", RemittancePosted, DENIED, None, nothing_paid),
    Row("20", "remittance", RemittanceSuperseded, (PAID, *DENIED), None),
    Row("18", "payout", PaymentReturned, (*WITH_THE_PAYEE, SCHEDULED), RETURNED, of_this_payment),
    Row("18", "payout", ItemHeld, (*WITH_THE_PAYEE, SCHEDULED), RETURNED, returned),
    Row("18", "payout", ItemHeld, CAME_BACK, None),
    Row("18", "payout", PaymentReturned, CAME_BACK, None, of_this_payment),
    Row("18", "payout", PaymentSettled, (*CAME_BACK, PAID), None, of_this_payment),
    Row("18", "remittance", RemittancePosted, CAME_BACK, None, of_this_payment),
    Row("18", "remittance", RemittanceReversed, CAME_BACK, None),
    # What may not have been paid is to be recovered, once the money has settled.
    Row("22", "validation", RecoveryOpened, (SCHEDULED, UNRELEASED), None, of_this_payment),
    Row("22", "validation", RecoveryOpened, AFTER_A_PAYMENT, None, came_to_nothing),
    Row("22", "validation", RecoveryOpened, (PAID, MISMATCH), RECOVERING, of_this_payment),
    Row("22", "validation", RecoveryOpened, (RECOVERING,), None, of_this_payment),
    # Taken back by our own entry: first on its way, then done or come to nothing.
    Row("22", "payout", ReversalOrdered, (PAID, MISMATCH), RECOVERING, of_this_payment),
    Row("22", "payout", ReversalOrdered, (RECOVERING,), None, of_this_payment),
    Row("22", "payout", ReversalOrdered, CAME_BACK, None, of_this_payment),
    Row("22", "payout", ReversalScheduled, (RECOVERING, *CAME_BACK), None, of_this_payment),
    Row("22", "payout", ReversalFailed, (RECOVERING,), PAID, given_up),
    Row("22", "payout", ReversalFailed, (RECOVERING,), None, of_this_payment),
    Row("22", "payout", ReversalFailed, (PAID, *CAME_BACK), None, of_this_payment),
    Row("22", "payout", PaymentReversed, (*WITH_THE_PAYEE, SCHEDULED), REVERSED, of_this_payment),
    Row("22", "payout", ItemHeld, (*WITH_THE_PAYEE, SCHEDULED), REVERSED, taken_back),
    Row("22", "payout", PaymentReversed, CAME_BACK, None, of_this_payment),
    Row("23", "remittance", MismatchFound, (PAID,), MISMATCH),
    Row("23", "remittance", MismatchFound, (SCHEDULED, RECOVERING, *CAME_BACK, APPROVED, *DENIED), None),
    Row("24", "payout", ItemReleased, CAME_BACK, APPROVED),
    Row("24", "payout", ItemScheduled, CAME_BACK, SCHEDULED),
    # What is still said of a payment that came to nothing, or of an earlier one, changes nothing.
    *(Row("24", owner, event, AFTER_A_PAYMENT, None, is_over) for owner, event in OF_A_PAYMENT),
)
"""Rows of the workflow by number. Draft (rows 1 to 3) belongs to the portal. A withdrawal or a newer version that meets
an open version ends it after its own events are applied (rows 9, 11, 11a)."""
