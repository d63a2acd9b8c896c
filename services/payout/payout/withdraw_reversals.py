"""A file of reversals that may not leave any more is withdrawn: delivery stood still until its date had passed, or one
of its payments came back meanwhile. What may still be taken back waits for the next file; the rest has failed. A file
is never changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from chassis import Context
from payout import reversals
from payout.calendar import begin_of, late_date
from payout.close_reversals import failure_by, say_failed
from throughline.payments import BatchRefused
from throughline.reasons import Reason

NOT_SENT_AGAIN = "not sent again"
"""The part of a file that was to leave again, and may not any more."""
_IN_DOUBT_AGAIN = "update batches set state = 'unknown', part_name = $2 where batch_id = $1"
_SENT_AGAIN = """
select batch_id from batches where state = 'built' and intended_at is not null and reversal_count > 0
"""


async def doubt_again(context: Context) -> None:
    """A file of reversals that leaves again because the bank has not got it, and by now may not, is in doubt again: the
    bank may know its bytes, so that only a person ends it."""
    for row in await context.pool.fetch(_SENT_AGAIN):
        async with context.pool.acquire() as db, db.transaction():
            waits = await db.fetchval(
                f"{_SENT_AGAIN} and batch_id = $1 for update skip locked", row["batch_id"]
            )
            if waits and await may_not_leave(db, row["batch_id"], context.clock.now()):
                await db.execute(_IN_DOUBT_AGAIN, row["batch_id"], NOT_SENT_AGAIN)


async def may_not_leave(db: asyncpg.Connection, batch_id: UUID, now: datetime) -> bool:
    """Of a batch that the caller locked: whether a reversal in its bytes may not leave now. A late one would settle on
    the date that it would get today."""
    row = await db.fetchrow(
        "select effective_date, dated_until, file_date from batches where batch_id = $1", batch_id
    )
    until = row["dated_until"] or begin_of(row["file_date"] or row["effective_date"])
    effective = row["effective_date"] if now < until else late_date(now)
    inside = await reversals.lock_of_batch(db, batch_id)
    return any(one.state != "scheduled" or failure_by(one, effective) is not None for one in inside)


async def withdraw_reversals(context: Context) -> None:
    """Before anything is delivered or dated anew; not what was on its way before: the bank may have it. Replicas share
    the work; each file is one transaction."""
    while await _withdraw_one(context):
        pass


async def _withdraw_one(context: Context) -> bool:
    now = context.clock.now()
    async with context.transaction() as tx:
        batch_id = await tx.db.fetchval(
            """
            select batch_id from batches b
            where b.state = 'built' and b.intended_at is null and b.payment_count = 0 and b.reversal_count > 0 and (
                b.dated_until <= $1 or exists (
                    select 1 from reversals r join payments p using (payment_id)
                    where r.batch_id = b.batch_id and p.state <> 'settled'))
            limit 1 for update skip locked
            """,
            now,
        )
        if batch_id is None:
            return False
        inside = await reversals.lock_of_batch(tx.db, batch_id)
        failed = [(one, failure) for one in inside if (failure := failure_by(one, late_date(now)))]
        await say_failed(tx, failed, batch_id, context.clock.today())
        await reversals.order_again(tx.db, batch_id)
        await tx.db.execute("update batches set state = 'refused' where batch_id = $1", batch_id)
        tx.say(
            BatchRefused(
                batch_id=batch_id,
                reason=Reason.NOT_ALLOWED_NOW,
                detail="Withdrawn unsent: what it would take back changed, or its date passed.",
            ),
            key=str(batch_id),
            cause=batch_id,
        )
    return True
