"""What is said of a request in the tests of its states: golden examples by short names, in the order they are given."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from throughline import flow
from throughline.identifiers import derived
from throughline.lifecycle import Told
from throughline.message import REGISTRY, Message
from throughline.reasons import Reason

EXAMPLES = Path(__file__).parent.parent / "examples"
NOW = datetime(2026, 11, 16, 15, tzinfo=UTC)
PAYMENT_2 = derived("payment", "second")


def example(name: str, case: str | None = None, **changes: object) -> Message:
    folder = EXAMPLES / name / "v1"
    path = folder / f"{case}.json" if case else sorted(folder.glob("*.json"))[0]
    message = REGISTRY[name, 1].model_validate_json(path.read_bytes())
    return message.model_copy(update=changes)


def told(*events: Message) -> list[Told]:
    """Events as their speakers would say them: each on its topic, in order within it."""
    heard = []
    for order, event in enumerate(events):
        topic = next(topic.name for topic in flow.TOPICS if type(event) in topic.messages)
        ids = (getattr(event, name, None) for name in ("request_id", "payment_id", "batch_id"))
        key = str(next(filter(None, ids), None))
        heard.append(Told(topic, key, order, derived("told", str(order)), NOW, event))
    return heard


RECEIVED = example("SubmissionReceived", "first")
REVIEW = example("ReviewOpened")
FIRST_APPROVAL = example("FirstApprovalGiven")
APPROVED = example("SubmissionApproved")
DENIED = example("SubmissionDenied")
DISPUTED = example("DisputeOpened")
UPHELD = example("DisputeDecided")
EXCEPTED = example("SubmissionExcepted")
WITHDRAWN = example("SubmissionWithdrawn")
HELD = example("ItemHeld", "no-account")
RELEASED = example("ItemReleased")
SCHEDULED = example("ItemScheduled")
SENT = example("PaymentSent")
SETTLED = example("PaymentSettled")
RETURNED = example("PaymentReturned")
HELD_RETURNED = example("ItemHeld", "returned")
HELD_REFUSED = HELD_RETURNED.model_copy(update={"reason": Reason.REFUSED_BY_BANK})
REFUSED = example("PaymentRefused", payment_id=RETURNED.payment_id)  # type: ignore[attr-defined]
POSTED = example("RemittancePosted", "paid")
UNPAID_POSTED = example("RemittancePosted", "denied")
REVERSED = example("RemittanceReversed")
REPLACED = example("SubmissionReceived", "replacement")
VOID = REPLACED.model_copy(update={"request": REPLACED.request.model_copy(update={"frequency": "8"})})  # type: ignore[attr-defined]


RECALLED = REVIEW.model_copy(update={"reasons": (Reason.RECALLED,)})
SCHEDULED_AGAIN = SCHEDULED.model_copy(update={"payment_id": PAYMENT_2})
RETURNED_AGAIN = RETURNED.model_copy(update={"payment_id": PAYMENT_2})
HELD_AGAIN = HELD_RETURNED.model_copy(update={"payment_id": PAYMENT_2})


def revoked(cause: str) -> Message:
    return example("ApprovalRevoked", cause=cause)


def stopped(cause: str) -> Message:
    return example("ItemStopped", cause=cause)


PAID = (RECEIVED, APPROVED, SCHEDULED, SENT, SETTLED, POSTED)
REISSUED = example("PaymentReissued")
REVERSING = example("ReversalOrdered")
RECOVERY = example("RecoveryOpened", payment_id=SCHEDULED.payment_id)  # type: ignore[attr-defined]
REVERSAL_LEFT = example("ReversalScheduled")
NOT_REVERSED = example("ReversalFailed")
TAKEN_BACK = example("PaymentReversed")
HELD_REVERSED = HELD_RETURNED.model_copy(update={"reason": Reason.REVERSED})
RELEASED_AFTER_REVERSAL = RELEASED.model_copy(update={"reason": Reason.REVERSED})
UNRELEASED = example("BatchHeld", "release-required")
BATCH_HELD = example("BatchHeld", "by-a-person")
LET_GO = example("BatchReleased")
RELEASED_AFTER_RETURN = RELEASED.model_copy(update={"reason": Reason.RETURNED})
WAITS_AGAIN = (*PAID, RETURNED, HELD_RETURNED, REVERSED, REISSUED, RELEASED_AFTER_RETURN)
SECOND = (
    SCHEDULED_AGAIN,
    SENT.model_copy(update={"payment_id": PAYMENT_2}),
    SETTLED.model_copy(update={"payment_id": PAYMENT_2}),
    POSTED.model_copy(update={"payment_id": PAYMENT_2}),
)
REFUSED_BY_BANK = (RECEIVED, APPROVED, SCHEDULED, SENT, HELD_REFUSED, REFUSED)
