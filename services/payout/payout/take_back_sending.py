"""After a restore: a batch that the database knows, and of which our own topics tell that it left.

The database was put back to between the close and the sending. Sent again by itself, the file would reach the bank a
second time; so the batch is *in doubt*, with the date, the hash and the person that were told, and what was told of it
is not said again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import asyncpg

from chassis.said_before import Recalled
from payout.announce import payment_sent
from payout.calendar import begin_of
from payout.nacha.redate import redate
from payout.nacha.without import entry_hash_of, without
from payout.redate_files import set_dates
from payout.take_out import Unpayable, store_taken_out
from throughline.items import ItemScheduled
from throughline.payments import (
    BatchClosed,
    BatchHeld,
    BatchRedated,
    BatchRefused,
    BatchReleased,
    PaymentRefused,
    PaymentSent,
)
from throughline.reasons import Reason

BEFORE_THE_RESTORE = "before the restore"
"""The part of a file that left, or may have, in a past that the database has forgotten."""

_OF_A_BATCH = (
    BatchHeld,
    BatchRefused,
    PaymentRefused,
    BatchReleased,
    BatchRedated,
    PaymentSent,
    ItemScheduled,
)
_KNOWN = """
select batch_id, state, effective_date, file_date, file_bytes, file_sha256 from batches
where batch_id = $1 and state in ('awaiting', 'held', 'released', 'built') for update
"""
_TAKEN_OUT = "select ach_trace from payments where batch_id = $1 and state = 'refused'"
_IN_DOUBT = """
update batches set state = 'unknown', effective_date = $2, file_date = $2, file_bytes = $3::bytea, file_sha256 = $4,
    file_size = nullif(octet_length($3::bytea), 0), released_by = coalesce($5, released_by), part_name = $6,
    intended_at = clock_timestamp()
where batch_id = $1
"""
# Its release is older than the restore: that no new date was told proves only that, and the file may have left.
_GO_ON = """
update batches set state = 'released', effective_date = $2, dated_until = $3, released_by = $4
where batch_id = $1
"""


@dataclass(slots=True)
class _Told:
    """What was told of one batch after the moment that its database remembers."""

    batch_id: UUID
    ids: list[UUID] = field(default_factory=list)
    sent: list[PaymentSent] = field(default_factory=list)
    scheduled: list[ItemScheduled] = field(default_factory=list)
    released: BatchReleased | None = None
    redated: BatchRedated | None = None
    taken_out: dict[UUID, Reason] = field(default_factory=dict)
    is_emptied: bool = False
    """All that it paid was taken out as it was dated anew: nothing of it left."""

    def add(self, one: Recalled) -> None:
        self.ids.append(one.id)
        match one.message:
            case PaymentSent():
                self.sent.append(one.message)
            case ItemScheduled():
                self.scheduled.append(one.message)
            case BatchReleased():
                self.released = one.message
            case BatchRedated():
                self.redated = one.message
            case PaymentRefused():
                self.taken_out[one.message.payment_id] = one.message.reason
            case BatchRefused():
                self.is_emptied = True
            case BatchHeld() if not self.sent:
                self.released = self.redated = None

    def date_it_left_with(self, file_date: date | None) -> date | None:
        """None where it cannot have left: nothing was sent, and its bytes did not carry the date of its release."""
        if self.redated is not None:
            return self.redated.effective_date
        if self.sent:
            return self.sent[0].effective_date
        if self.released is not None and self.released.effective_date == file_date:
            return file_date
        return None


async def take_back_sending(db: asyncpg.Connection, left: Sequence[Recalled]) -> list[UUID]:
    """Bring one batch to where our topics tell that it stands. The ids of what is known again; empty where no batch is
    left of which more was told than the database remembers."""
    closing = {one.message.batch_id for one in left if isinstance(one.message, BatchClosed)}
    told: dict[UUID, _Told] = {}
    for one in left:
        if not isinstance(one.message, _OF_A_BATCH) or one.message.batch_id in closing:
            continue
        if _is_ours(one):
            told.setdefault(one.message.batch_id, _Told(one.message.batch_id)).add(one)
    for batch_id in sorted(told):
        if await _take_back(db, told[batch_id]):
            return told[batch_id].ids
    return []


def _is_ours(one: Recalled) -> bool:
    """What the bank refused is told by the bank; that a release found nothing left is made again by that release."""
    if isinstance(one.message, BatchRefused):
        return one.message.reason is Reason.ENTRIES_TAKEN_OUT and one.cause == one.message.batch_id
    return not isinstance(one.message, PaymentRefused) or is_taken_out(one.message, one.message.batch_id)


def is_taken_out(message: object, batch_id: UUID) -> bool:
    """Whether it tells of a payment of the batch that we took out of it; what the bank refused is told by the bank."""
    return (
        isinstance(message, PaymentRefused)
        and message.batch_id == batch_id
        and message.reason is not Reason.REFUSED_BY_BANK
    )


async def _take_back(db: asyncpg.Connection, told: _Told) -> bool:
    if not told.sent and told.released is None and told.redated is None and not told.is_emptied:
        return False  # its items are told of again, or it is held again by the order that held it
    row = await db.fetchrow(_KNOWN, told.batch_id)
    if row is None or not await _is_as_told(db, told):
        return False
    await _take_out(db, told)
    if told.is_emptied:
        await db.execute("update batches set state = 'empty' where batch_id = $1", told.batch_id)
        return True
    released_by = told.released.actor if told.released else None
    effective = told.date_it_left_with(row["file_date"])
    if effective is None and told.released is not None:
        effective = told.released.effective_date
        await db.execute(_GO_ON, told.batch_id, effective, begin_of(effective), released_by)
        return True
    if effective is None:
        return False
    traces = await db.fetch(_TAKEN_OUT, told.batch_id)
    content, sha256 = _bytes_that_left(row, told, effective, [one[0] for one in traces])
    if content and traces:
        await db.execute(
            "update batches set entry_hash = $2 where batch_id = $1", told.batch_id, entry_hash_of(content)
        )
    await db.execute(_IN_DOUBT, told.batch_id, effective, content, sha256, released_by, BEFORE_THE_RESTORE)
    await set_dates(db, told.batch_id, effective)
    await db.execute(
        "update payments set state = 'sent' where payment_id = any($1::uuid[])",
        [one.payment_id for one in told.sent],
    )
    await db.execute(
        "update items set announced = true where decision_id = any($1::uuid[])",
        [one.decision_id for one in told.scheduled],
    )
    return True


async def _take_out(db: asyncpg.Connection, told: _Told) -> None:
    rows = await db.fetch(
        "select payment_id, batch_id, payer, cents from payments"
        " where payment_id = any($1::uuid[]) and batch_id = $2 and state = 'scheduled' order by payment_id for update",
        sorted(told.taken_out),
        told.batch_id,
    )
    taken = [
        Unpayable(
            row["payment_id"], row["batch_id"], row["payer"], row["cents"], told.taken_out[row["payment_id"]]
        )
        for row in rows
    ]
    await store_taken_out(db, taken)
    if taken:
        await db.execute(
            "update batches set payment_count = payment_count - $2, total_cents = total_cents - $3 where batch_id = $1",
            told.batch_id,
            len(taken),
            sum(one.cents for one in taken),
        )


async def _is_as_told(db: asyncpg.Connection, told: _Told) -> bool:
    """Each payment and each item is the one that was told: an older database holds nothing else, or is not ours."""
    rows = await db.fetch("select * from payments where batch_id = $1", told.batch_id)
    known = {row["payment_id"]: payment_sent(row) for row in rows}
    for one in told.sent:
        ours = known.get(one.payment_id)
        if ours is None or ours.model_copy(update={"effective_date": one.effective_date}) != one:
            return False
    members = await db.fetch(
        "select decision_id, payment_id from items where decision_id = any($1::uuid[]) and state = 'scheduled'",
        [one.decision_id for one in told.scheduled],
    )
    return {tuple(row) for row in members} == {(one.decision_id, one.payment_id) for one in told.scheduled}


def _bytes_that_left(
    row: asyncpg.Record, told: _Told, effective: date, gone: Sequence[str]
) -> tuple[bytes, str]:
    """The stored file with the date it left with, where that comes out as the bytes that were told; else no bytes, so
    that none can be sent under this name."""
    kept = (without(row["file_bytes"], gone) or b"") if gone else row["file_bytes"]
    content = kept if effective == row["file_date"] else redate(kept, effective)
    sha256 = told.redated.file_sha256 if told.redated else row["file_sha256"]
    return (content if hashlib.sha256(content).hexdigest() == sha256 else b""), sha256
