"""Which topics the read model is written from, and what each message changes. One file for each message."""

from __future__ import annotations

from chassis import Hearing, by, hear, hear_raw
from portal.on_account_changed import show_changed_account
from portal.on_account_held import show_held_account
from portal.on_account_verified import show_verified_account
from portal.on_approval_revoked import show_revocation
from portal.on_assign_review import show_asked_assignment
from portal.on_attachment_shown import show_look
from portal.on_authorisation_recorded import show_authorisation
from portal.on_batch_closed import show_batch
from portal.on_batch_held import show_batch_held
from portal.on_batch_redated import show_batch_redated
from portal.on_batch_refused import show_batch_refused
from portal.on_batch_released import show_batch_released
from portal.on_change_account import show_asked_change
from portal.on_clearance_taken_back import show_clearance_taken_back
from portal.on_command_refused import show_refusal
from portal.on_confirm_account import show_asked_confirmation
from portal.on_decide_review import show_asked_decision
from portal.on_dispute_decided import show_end_of_dispute
from portal.on_dispute_decision import show_asked_dispute
from portal.on_dispute_opened import show_dispute
from portal.on_draft_discarded import show_ended_draft
from portal.on_draft_saved import show_saved_draft
from portal.on_enrol_account import show_asked_enrolment
from portal.on_file_resolved import show_file_resolved
from portal.on_finding_resolved import show_finding_resolved
from portal.on_first_approval_given import show_first_approval
from portal.on_hold_batch import show_asked_batch_hold
from portal.on_hold_item import show_asked_hold
from portal.on_item_held import show_hold
from portal.on_item_released import show_release
from portal.on_item_scheduled import show_scheduled
from portal.on_item_stopped import show_stop
from portal.on_item_too_late import show_too_late
from portal.on_mismatch_found import show_mismatch
from portal.on_name_cleared import show_name_cleared
from portal.on_partner_registered import show_partner
from portal.on_payer_recorded import show_payer
from portal.on_payment_refused import show_payment_refused
from portal.on_payment_reissued import show_reissue
from portal.on_payment_returned import show_returned
from portal.on_payment_reversed import show_reversed
from portal.on_payment_sent import show_sent
from portal.on_payment_settled import show_settled
from portal.on_provider_recorded import show_provider
from portal.on_question_answered import show_answered
from portal.on_question_asked import show_question
from portal.on_record_discarded import show_discarded
from portal.on_record_parked import show_parked
from portal.on_record_redriven import show_redriven
from portal.on_recovery_opened import show_recovery
from portal.on_reissue_payment import show_asked_reissue
from portal.on_release_batch import show_asked_batch_release
from portal.on_release_item import show_asked_release
from portal.on_remittance_posted import show_remittance
from portal.on_remittance_reversed import show_reversal
from portal.on_remittance_superseded import show_superseded
from portal.on_request_answered import show_answer
from portal.on_reversal_failed import show_reversal_failed
from portal.on_reversal_ordered import show_reversal_ordered
from portal.on_reversal_scheduled import show_reversal_scheduled
from portal.on_reverse_payment import show_asked_reversal
from portal.on_review_assigned import show_assignment
from portal.on_review_opened import show_review
from portal.on_rule_set_published import show_published_rules
from portal.on_submission_approved import show_approval
from portal.on_submission_denied import show_denial
from portal.on_submission_excepted import show_exception
from portal.on_submission_received import show_received
from portal.on_submission_withdrawn import show_withdrawal
from portal.read_model.believed import Decide, believed
from portal.read_model.sent_records import SentRecords
from portal.read_model.work import ReadModelWork
from throughline.accounts import AccountChanged, AccountHeld, AccountVerified
from throughline.answers import RequestAnswered
from throughline.commanding import MAY_GIVE
from throughline.decisions import (
    ApprovalRevoked,
    CommandRefused,
    DisputeDecided,
    DisputeOpened,
    FirstApprovalGiven,
    RecoveryOpened,
    ReviewAssigned,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.drafts import DraftDiscarded, DraftSaved
from throughline.exclusions import ClearanceTakenBack, NameCleared
from throughline.flow import ANSWERS, INTAKE, PARKED, Topic
from throughline.items import ItemHeld, ItemReleased, ItemScheduled, ItemStopped, ItemTooLate
from throughline.message import Message
from throughline.orders import HoldBatch, HoldItem, ReissuePayment, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.parked import RecordDiscarded, RecordParked, RecordRedriven
from throughline.payees import ChangeAccount, ConfirmAccount, EnrolAccount
from throughline.payments import (
    BatchClosed,
    BatchHeld,
    BatchRedated,
    BatchRefused,
    BatchReleased,
    FileResolved,
    FindingResolved,
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
from throughline.questions import QuestionAnswered, QuestionAsked
from throughline.reference import AuthorisationRecorded, PartnerRegistered, PayerRecorded, ProviderRecorded
from throughline.remittances import MismatchFound, RemittancePosted, RemittanceReversed, RemittanceSuperseded
from throughline.reviews import AssignReview, DecideReview, DisputeDecision
from throughline.rule_sets import RuleSetPublished
from throughline.submissions import AttachmentShown, SubmissionReceived, SubmissionWithdrawn


def commands(topic: str, on: dict[type[Message], Decide]) -> Hearing:
    """Hear what people ask for: shown is only what a person signed who may ask for it."""
    return hear(
        topic,
        work=ReadModelWork,
        on={message: believed(show) for message, show in on.items()},
        signed={message: by(*MAY_GIVE[message]) for message in on},
    )


def of_every(family: Topic, on: dict[type[Message], object]) -> Hearing:
    """Hear every topic of a family; a new member is heard within seconds."""
    return Hearing((), family.pattern, ReadModelWork, on=on)  # type: ignore[arg-type]


READ_MODEL: tuple[Hearing, ...] = (
    hear(
        "submissions",
        work=ReadModelWork,
        on={
            SubmissionReceived: show_received,
            SubmissionWithdrawn: show_withdrawal,
            AttachmentShown: show_look,
        },
    ),
    hear(
        "decisions",
        work=ReadModelWork,
        on={
            ReviewOpened: show_review,
            ReviewAssigned: show_assignment,
            FirstApprovalGiven: show_first_approval,
            DisputeOpened: show_dispute,
            DisputeDecided: show_end_of_dispute,
            SubmissionApproved: show_approval,
            SubmissionDenied: show_denial,
            SubmissionExcepted: show_exception,
            ApprovalRevoked: show_revocation,
            RecoveryOpened: show_recovery,
            NameCleared: show_name_cleared,
            ClearanceTakenBack: show_clearance_taken_back,
            RuleSetPublished: show_published_rules,
            CommandRefused: show_refusal,
        },
    ),
    hear(
        "items",
        work=ReadModelWork,
        on={
            ItemScheduled: show_scheduled,
            ItemHeld: show_hold,
            ItemReleased: show_release,
            ItemStopped: show_stop,
            ItemTooLate: show_too_late,
            CommandRefused: show_refusal,
        },
    ),
    hear(
        "payments",
        work=ReadModelWork,
        on={
            PaymentSent: show_sent,
            PaymentSettled: show_settled,
            PaymentReturned: show_returned,
            PaymentRefused: show_payment_refused,
            BatchClosed: show_batch,
            BatchRefused: show_batch_refused,
            BatchHeld: show_batch_held,
            BatchReleased: show_batch_released,
            BatchRedated: show_batch_redated,
            FileResolved: show_file_resolved,
            FindingResolved: show_finding_resolved,
            PaymentReissued: show_reissue,
            ReversalOrdered: show_reversal_ordered,
            ReversalScheduled: show_reversal_scheduled,
            ReversalFailed: show_reversal_failed,
            PaymentReversed: show_reversed,
        },
    ),
    hear(
        "remittances",
        work=ReadModelWork,
        on={
            RemittancePosted: show_remittance,
            RemittanceReversed: show_reversal,
            MismatchFound: show_mismatch,
            RemittanceSuperseded: show_superseded,
        },
    ),
    hear(
        "accounts",
        work=ReadModelWork,
        on={
            AccountVerified: show_verified_account,
            AccountHeld: show_held_account,
            AccountChanged: show_changed_account,
            CommandRefused: show_refusal,
        },
    ),
    commands(
        "reviews",
        {
            DecideReview: show_asked_decision,
            AssignReview: show_asked_assignment,
            DisputeDecision: show_asked_dispute,
        },
    ),
    commands("questions", {QuestionAsked: show_question, QuestionAnswered: show_answered}),
    commands(
        "orders",
        {
            HoldItem: show_asked_hold,
            ReleaseItem: show_asked_release,
            ReissuePayment: show_asked_reissue,
            ReversePayment: show_asked_reversal,
            ReleaseBatch: show_asked_batch_release,
            HoldBatch: show_asked_batch_hold,
        },
    ),
    commands(
        "payees",
        {
            EnrolAccount: show_asked_enrolment,
            ChangeAccount: show_asked_change,
            ConfirmAccount: show_asked_confirmation,
        },
    ),
    hear(
        "reference.payers",
        work=ReadModelWork,
        on={
            PayerRecorded: show_payer,
        },
    ),
    hear(
        "reference.partners",
        work=ReadModelWork,
        on={
            PartnerRegistered: show_partner,
        },
    ),
    hear(
        "reference.providers",
        work=ReadModelWork,
        on={
            ProviderRecorded: show_provider,
        },
    ),
    hear("reference.authorisations", work=ReadModelWork, on={AuthorisationRecorded: show_authorisation}),
    hear(
        "drafts",
        work=ReadModelWork,
        on={
            DraftSaved: show_saved_draft,
            DraftDiscarded: show_ended_draft,
        },
    ),
    of_every(ANSWERS, {RequestAnswered: show_answer}),
    of_every(
        PARKED,
        {
            RecordParked: show_parked,
            RecordRedriven: show_redriven,
            RecordDiscarded: show_discarded,
        },
    ),
)

NOT_SHOWN_YET = (
    "rules",
    "reference.contracts",
    "reference.fee-schedules",
)

SENT = hear_raw(pattern=INTAKE.pattern, work=SentRecords)

HEARS: tuple[Hearing, ...] = (*READ_MODEL, SENT, hear_raw(*NOT_SHOWN_YET))
"""Every topic of the map. What partners send on their topics is shown by what intake says of it."""
