"""Batches as orders see them: may one still be held, may it be released, and with which date. Pure but for the lock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from payout.calendar import begin_of, late_date
from throughline.reasons import Reason


@dataclass(slots=True)
class OrderedBatch:
    """The part of a batch that an order may change, and what the order is compared with."""

    batch_id: UUID
    bank: str
    window_id: str
    state: str
    payment_count: int
    total_cents: int
    effective_date: date
    file_date: date | None
    dated_until: datetime | None
    was_intended: bool
    held_by: str | None
    released_by: str | None
    reversal_count: int = 0
    lacks_entries: bool = False
    """Payments were taken out of it: its bytes go without them."""
    released_at: datetime | None = None
    """The broker's time of the order, whenever it is decided: after a restore the same order is heard again."""

    @property
    def waits(self) -> bool:
        """Whether a person may release it."""
        return self.state in ("awaiting", "held")


def refuse_hold_batch(batch: OrderedBatch | None) -> Reason | None:
    """Why a batch cannot be held; None where it can: it is closed, pays something, and no intent to send it was ever
    recorded. After that a file may have left."""
    if batch is None:
        return Reason.UNKNOWN_SUBJECT
    if batch.was_intended or batch.state not in ("awaiting", "built", "held", "released", "empty"):
        return Reason.TOO_LATE
    return Reason.NOT_ALLOWED_NOW if batch.state in ("held", "empty") or batch.payment_count == 0 else None


def refuse_release_batch(
    batch: OrderedBatch | None,
    actor: str,
    total_cents: int | None,
    entry_count: int | None,
    approvers: Collection[str] = (),
) -> Reason | None:
    """Why a batch cannot be released; None where it can: it waits, what the person saw is what it holds, and another
    person than who held it, or approved anything in it, releases it."""
    if batch is None:
        return Reason.UNKNOWN_SUBJECT
    if not batch.waits:
        return Reason.NOT_WAITING
    if (total_cents, entry_count) != (batch.total_cents, batch.payment_count):
        return Reason.STALE_AMOUNT
    if actor in approvers:
        return Reason.SAME_PERSON
    if batch.held_by is not None and batch.held_by.strip().casefold() == actor.strip().casefold():
        return Reason.SAME_PERSON
    return None


def hold(batch: OrderedBatch, actor: str) -> None:
    batch.state, batch.held_by = "held", actor


def release(batch: OrderedBatch, actor: str, now: datetime, ordered_at: datetime) -> None:
    """It leaves with the date it was closed with, if the bank can still keep that; else with a new one, which its bytes
    must carry before they leave."""
    if batch.dated_until is not None and now >= batch.dated_until:
        batch.effective_date = late_date(now)
        batch.dated_until = begin_of(batch.effective_date)
    is_as_built = batch.effective_date == batch.file_date and not batch.lacks_entries
    batch.state = "built" if is_as_built else "released"
    batch.released_by, batch.released_at = actor, ordered_at


async def lock_batches(db: asyncpg.Connection, ids: Sequence[UUID]) -> list[OrderedBatch]:
    if not ids:
        return []
    rows = await db.fetch(
        """
        select batch_id, bank, window_id, state, payment_count, total_cents, effective_date, file_date, dated_until,
            intended_at is not null, held_by, released_by, reversal_count,
            exists (select from payments p where p.batch_id = batches.batch_id and p.state = 'refused'),
            released_at
        from batches where batch_id = any($1::uuid[]) order by batch_id for update
        """,
        sorted(ids),
    )
    return [OrderedBatch(*row) for row in rows]


async def store_batches(db: asyncpg.Connection, batches: Sequence[OrderedBatch]) -> None:
    for one in batches:
        await db.execute(
            """
            update batches set state = $2, effective_date = $3, dated_until = $4, held_by = $5, released_by = $6,
                released_at = $7, payment_count = $8, total_cents = $9
            where batch_id = $1
            """,
            one.batch_id,
            one.state,
            one.effective_date,
            one.dated_until,
            one.held_by,
            one.released_by,
            one.released_at,
            one.payment_count,
            one.total_cents,
        )


async def approvers_of(db: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Who approved anything that these batches pay, by batch; what rules approved has nobody."""
    rows = await db.fetch(
        """
        select distinct p.batch_id, person from payments p join items i using (payment_id),
            unnest(array[i.approved_by, i.first_approved_by]) as person
        where p.batch_id = any($1::uuid[]) and person is not null
        """,
        sorted(ids),
    )
    found: dict[UUID, set[str]] = {}
    for row in rows:
        found.setdefault(UUID(int=row[0].int), set()).add(row[1])
    return found
