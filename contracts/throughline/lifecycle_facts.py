"""What the lifecycle remembers of a version beside its state, and what the rows of its table ask about that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from throughline.decisions import ApprovalRevoked, RecoveryOpened, SubmissionApproved, SubmissionExcepted
from throughline.items import ItemHeld, ItemScheduled
from throughline.message import Message
from throughline.payments import PaymentRefused, PaymentReturned, PaymentReversed, PaymentSettled
from throughline.reasons import Reason
from throughline.remittances import RemittancePosted, RemittanceReversed, RemittanceSuperseded


@dataclass(slots=True)
class Facts:
    """What is known of a version beside its state."""

    revoked: bool = False
    recovery_opened: bool = False
    """Its money is to be recovered, whatever comes of an entry that takes the payment back."""
    recovery_needed: bool = False
    """Its last decision was to wait until an earlier version's money is recovered."""
    payment_id: UUID | None = None
    batch_id: UUID | None = None
    settled: set[UUID] = field(default_factory=set)
    remitted: set[UUID] = field(default_factory=set)
    gone: set[UUID] = field(default_factory=set)
    """Payments returned or refused: final, whatever is heard of them later."""
    remitted_without_payment: bool = False


def note(facts: Facts, event: Message) -> None:
    """Remember what the guards ask about."""
    match event:
        case ApprovalRevoked():
            facts.revoked = True
        case SubmissionApproved():
            facts.revoked = facts.recovery_opened = False
        case RecoveryOpened():
            facts.recovery_opened = True
        case SubmissionExcepted():
            facts.recovery_needed = event.reason is Reason.RECOVERY_NEEDED
        case ItemScheduled():
            facts.payment_id, facts.batch_id = event.payment_id, event.batch_id
        case PaymentSettled():
            facts.settled.add(event.payment_id)
        case PaymentReturned() | PaymentRefused() | PaymentReversed():
            facts.gone.add(event.payment_id)
        case ItemHeld() if event.payment_id is not None:
            facts.gone.add(event.payment_id)
        case RemittancePosted() if event.payment_id is not None:
            facts.remitted.add(event.payment_id)
        case RemittancePosted():
            facts.remitted_without_payment = True
        case RemittanceReversed():
            facts.remitted.discard(event.payment_id)
        case RemittanceSuperseded():
            facts.remitted_without_payment = False


# Guards: whether a row holds for an event.


def always(facts: Facts, event: Any) -> bool:
    return True


def stopped(cause: str) -> Callable[[Facts, Any], bool]:
    return lambda facts, event: bool(facts.revoked and event.cause == cause)


def before_sending(facts: Facts, event: Any) -> bool:
    return bool(event.payment_id is None or event.payment_id in facts.gone)


def of_this_payment(facts: Facts, event: Any) -> bool:
    return bool(event.payment_id is not None and event.payment_id == facts.payment_id)


def of_this_batch(facts: Facts, event: Any) -> bool:
    return bool(event.batch_id == facts.batch_id and facts.payment_id not in facts.gone)


def is_over(facts: Facts, event: Any) -> bool:
    """It is about a payment that is known to have come to nothing, or about an earlier one."""
    return bool(event.payment_id in facts.gone or event.payment_id != facts.payment_id)


def before_settlement(facts: Facts, event: Any) -> bool:
    return of_this_payment(facts, event) and event.payment_id not in facts.settled


def completes(facts: Facts, event: Any) -> bool:
    """Both sides are there: the bank's settlement and the remittance, of the present payment, not sent back."""
    if not of_this_payment(facts, event) or event.payment_id in facts.gone:
        return False
    other = facts.remitted if isinstance(event, PaymentSettled) else facts.settled
    return bool(event.payment_id in other)


def completes_to_recover(facts: Facts, event: Any) -> bool:
    return facts.recovery_opened and completes(facts, event)


def not_yet(facts: Facts, event: Any) -> bool:
    return of_this_payment(facts, event) and not completes(facts, event)


def returned(facts: Facts, event: Any) -> bool:
    return bool(of_this_payment(facts, event) and event.reason is Reason.RETURNED)


def refused_by_bank(facts: Facts, event: Any) -> bool:
    return bool(of_this_payment(facts, event) and event.reason not in (Reason.RETURNED, Reason.REVERSED))


def taken_back(facts: Facts, event: Any) -> bool:
    return bool(of_this_payment(facts, event) and event.reason is Reason.REVERSED)


def recovered(facts: Facts, event: Any) -> bool:
    """Nothing stands before it any more: what it waited for was paid nothing, and was stopped."""
    return facts.recovery_needed


def came_to_nothing(facts: Facts, event: Any) -> bool:
    return event.payment_id in facts.gone


def given_up(facts: Facts, event: Any) -> bool:
    """The entry that was to take the payment back came to nothing, and nothing else asks for the money."""
    return of_this_payment(facts, event) and not facts.recovery_opened


def nothing_paid(facts: Facts, event: Any) -> bool:
    return bool(event.payment_id is None)
