"""After a restore: everything that our own topics tell of one batch that the database does not know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.said_before import Recalled
from payout.take_back_sending import is_taken_out
from payout.take_back_withdrawn import is_withdrawal
from throughline.decisions import CommandRefused
from throughline.items import ItemHeld, ItemScheduled
from throughline.payments import (
    BatchClosed,
    BatchHeld,
    BatchRedated,
    BatchRefused,
    BatchReleased,
    FileResolved,
    FindingResolved,
    PaymentRefused,
    PaymentSent,
    ReversalFailed,
    ReversalScheduled,
)
from throughline.reasons import Reason

RECALLED = (
    *(BatchClosed, BatchHeld, BatchReleased, BatchRedated, PaymentSent, ItemScheduled, ItemHeld),
    ReversalScheduled,
)

RESOLUTIONS = (FileResolved, FindingResolved)
"""What people said over HTTP. Nobody makes it again, and nothing follows from it: after a restore what they resolved is
in doubt once more."""
ALSO_RECALLED = (PaymentRefused, BatchRefused, ReversalFailed, CommandRefused)
"""What the bank refused is made again from its file, and what a command was refused by the command; what was taken out
of a waiting batch, or withdrawn, is taken back with its batch."""


@dataclass(frozen=True, slots=True)
class ToldBatch:
    """Everything that was told of one batch. ``ids`` of all its events."""

    closed: BatchClosed
    payments: list[PaymentSent]
    scheduled: list[ItemScheduled]
    held: list[ItemHeld]
    released: BatchReleased | None
    redated: BatchRedated | None
    reversals: list[ReversalScheduled]
    failed: list[ReversalFailed]
    """Reversals that came to nothing as the batch closed or was withdrawn."""
    is_withdrawn: bool
    taken_out: dict[UUID, PaymentRefused]
    """By payment: it was refused by us, before anything left."""
    ids: list[UUID]

    @property
    def is_emptied(self) -> bool:
        """Everything in it was taken out before it left: nothing of it ever did."""
        closed = self.closed
        return 0 < closed.payment_count == len(self.taken_out) and not closed.reversal_count

    @property
    def total_cents(self) -> int:
        """What its payments come to as it was last told: without those that were taken out."""
        if self.is_emptied:
            return 0
        if self.taken_out and self.redated is not None and self.redated.total_cents is not None:
            return self.redated.total_cents
        return self.closed.total_cents


def told_batches(left: Sequence[Recalled]) -> Iterator[ToldBatch]:
    """Those that the database does not know, the oldest first."""
    closed = [one.message for one in left if isinstance(one.message, BatchClosed)]
    return (_told(left, one) for one in sorted(closed, key=lambda one: (one.closed_at, one.batch_id)))


def _told(left: Sequence[Recalled], closed: BatchClosed) -> ToldBatch:
    taken_out = {
        one.message.payment_id: one.message for one in left if is_taken_out(one.message, closed.batch_id)
    }
    own = [one for one in left if _is_of(one, closed.batch_id, taken_out)]
    messages = [one.message for one in own]
    return ToldBatch(
        closed,
        [one for one in messages if isinstance(one, PaymentSent)],
        [one for one in messages if isinstance(one, ItemScheduled)],
        [one for one in messages if isinstance(one, ItemHeld) and one.payment_id is None],
        next((one for one in reversed(messages) if isinstance(one, BatchReleased)), None),
        next((one for one in reversed(messages) if isinstance(one, BatchRedated)), None),
        [one for one in messages if isinstance(one, ReversalScheduled)],
        [one for one in messages if isinstance(one, ReversalFailed)],
        any(is_withdrawal(one) for one in messages),
        taken_out,
        [one.id for one in own],
    )


def _is_of(one: Recalled, batch_id: UUID, taken_out: Mapping[UUID, PaymentRefused]) -> bool:
    """What was held when the window closed has the batch for its cause; what was taken out later names its payment."""
    message = one.message
    match message:
        case ItemHeld():
            return one.cause == batch_id or message.payment_id in taken_out
        case PaymentRefused():
            return message.payment_id in taken_out
        case ReversalFailed():
            return one.cause == batch_id
        case CommandRefused():
            return False
        case BatchRefused() if message.reason is Reason.REFUSED_BY_BANK:
            return False
        case _:
            return bool(message.batch_id == batch_id)


def answers_to_take_outs(left: Sequence[Recalled], known_again: Collection[UUID]) -> list[UUID]:
    """The releases that were refused because payments were taken out: with those payments their answer is known again,
    and the same order, heard again, finds a batch that does not wait any more."""
    known = set(known_again)
    causes = {one.cause for one in left if one.id in known and isinstance(one.message, PaymentRefused)}
    return [
        one.id
        for one in left
        if isinstance(one.message, CommandRefused)
        and one.message.reason is Reason.ENTRIES_TAKEN_OUT
        and one.cause in causes
    ]
