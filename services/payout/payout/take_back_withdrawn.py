"""After a restore: a file of reversals of which our own topics tell that it was withdrawn unsent (withdraw_reversals).

Nothing of it left, and what it carried may stand in a later file by now: it is withdrawn again as it was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from chassis.said_before import Recalled
from payout import reversals
from throughline.payments import BatchRefused, ReversalFailed
from throughline.reasons import Reason

_KNOWN = """
select 1 from batches
where batch_id = $1 and state = 'built' and intended_at is null and payment_count = 0 for update
"""
_FAIL = """
update reversals set state = 'failed', failure = $2 where payment_id = $1 and state in ('ordered', 'scheduled')
"""


def is_withdrawal(message: object) -> bool:
    """Whether it tells that we withdrew a file ourselves; what the bank refused is told by the bank."""
    return isinstance(message, BatchRefused) and message.reason is Reason.NOT_ALLOWED_NOW


async def take_back_withdrawn(db: asyncpg.Connection, left: Sequence[Recalled]) -> list[UUID]:
    """Withdraw one file that the database holds as still to be sent. The ids of what is known again."""
    for one in left:
        if not is_withdrawal(one.message):
            continue
        batch_id = one.message.batch_id
        if await db.fetchval(_KNOWN, batch_id) is None:
            continue
        failed = [
            other for other in left if isinstance(other.message, ReversalFailed) and other.cause == batch_id
        ]
        await withdraw_again(db, batch_id, [other.message for other in failed])
        return [one.id, *(other.id for other in failed)]
    return []


async def withdraw_again(db: asyncpg.Connection, batch_id: UUID, failed: Sequence[ReversalFailed]) -> None:
    """The reversals of a stored file wait for the next, but for those that came to nothing."""
    await fail_again(db, failed)
    await reversals.order_again(db, batch_id)
    await db.execute("update batches set state = 'refused' where batch_id = $1", batch_id)


async def fail_again(db: asyncpg.Connection, failed: Sequence[ReversalFailed]) -> None:
    await db.executemany(_FAIL, [(one.payment_id, one.failure) for one in failed])
