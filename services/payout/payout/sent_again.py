"""A file that leaves again because two people know that the bank has not got it, with the same bytes under the same
name: so the bank would know it again if they were wrong. Where something in those bytes may not be paid, or taken back,
any more, it does not leave; it is in doubt until people give it up."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from chassis import Context
from payout import reversals
from payout.calendar import begin_of, late_date
from payout.close_reversals import failure_by
from payout.take_out import lock_unpayable

NOT_SENT_AGAIN = "not sent again"
"""The part of a file that was to leave again, and may not any more."""
_IN_DOUBT_AGAIN = "update batches set state = 'unknown', part_name = $2 where batch_id = $1"
_SENT_AGAIN = "select batch_id from batches where state = 'built' and intended_at is not null"


async def doubt_again(context: Context) -> None:
    """A file that leaves again and by now may not, because delivery stood still, is in doubt again: the bank may know
    its bytes, so that only people end it."""
    for row in await context.pool.fetch(_SENT_AGAIN):
        async with context.pool.acquire() as db, db.transaction():
            waits = await db.fetchval(
                f"{_SENT_AGAIN} and batch_id = $1 for update skip locked", row["batch_id"]
            )
            if waits and await may_not_leave(db, row["batch_id"], context):
                await db.execute(_IN_DOUBT_AGAIN, row["batch_id"], NOT_SENT_AGAIN)


async def may_not_leave(db: asyncpg.Connection, batch_id: UUID, context: Context) -> bool:
    """Of a batch that the caller locked: whether an account in its bytes is not in order any more, or a reversal may
    not leave now. A late one would settle on the date that it would get today."""
    now = context.clock.now()
    if await lock_unpayable(db, [batch_id], context.clock.today()):
        return True
    row = await db.fetchrow(
        "select effective_date, dated_until, file_date from batches where batch_id = $1", batch_id
    )
    until = row["dated_until"] or begin_of(row["file_date"] or row["effective_date"])
    effective = row["effective_date"] if now < until else late_date(now)
    inside = await reversals.lock_of_batch(db, batch_id)
    return any(one.state != "scheduled" or failure_by(one, effective) is not None for one in inside)
