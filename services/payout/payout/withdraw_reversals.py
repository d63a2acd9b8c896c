"""A file of reversals that may not leave any more is withdrawn: delivery stood still until its date had passed, or one
of its payments came back meanwhile. What may still be taken back waits for the next file; the rest has failed. A file
is never changed."""

from __future__ import annotations

from chassis import Context
from payout import reversals
from payout.calendar import late_date
from payout.close_reversals import failure_by, say_failed
from throughline.payments import BatchRefused
from throughline.reasons import Reason


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
