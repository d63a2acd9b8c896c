"""What a person learned from the bank about a file in doubt, and what may follow from it.

That the bank has it, one person may say. That it leaves again, or that nothing of it is paid, two people say, each by
their own signature (`signed_by_two.py`), about one sending of the file: what they signed fits no later one.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import Context
from payout.give_up_file import Outcome, give_up_file, say_resolved
from payout.sent_again import may_not_leave
from payout.signed_by_two import Resolvers

BY_TWO: frozenset[Outcome] = frozenset(("not_received", "given_up"))
"""Outcomes that two people must sign."""

_ANOTHER_SENDING = "`intended_at` is not that of the sending in doubt: look at the batch again"
_IN_DOUBT = """
select octet_length(file_bytes) = 0 as is_lost, intended_at
from batches where batch_id = $1 and state = 'unknown' for update
"""
_RESOLVE = """
update batches set state = $2, resolved_by = $3, part_name = case when $2 = 'built' then null else part_name end
where batch_id = $1
"""


class NotResolved(Exception):
    """The sentence says why, and what is left to do."""


async def resolve_file(
    context: Context, batch_id: UUID, outcome: Outcome, sending: datetime | None, by: Resolvers
) -> str:
    """The batch's state then. ``sending`` is the ``intended_at`` that the people saw. Raises NotResolved."""
    if outcome == "given_up":
        return await _give_up(context, batch_id, sending, by)
    async with context.transaction() as tx:
        row = await tx.db.fetchrow(_IN_DOUBT, batch_id)
        if row is None:
            raise NotResolved("the batch's file is not in doubt")
        if outcome == "not_received" and sending != row["intended_at"]:
            raise NotResolved(_ANOTHER_SENDING)
        if outcome == "not_received" and row["is_lost"]:
            raise NotResolved(
                "a restore lost the file's bytes: nothing can be sent again; `given_up` refuses its payments"
            )
        if outcome == "not_received" and await may_not_leave(tx.db, batch_id, context):
            raise NotResolved(
                "an account in it is not in order any more, or what it would take back came back or is too late;"
                " `given_up` refuses what is in it"
            )
        state = "delivered" if outcome == "received" else "built"
        await tx.db.execute(_RESOLVE, batch_id, state, by.named)
        say_resolved(tx, batch_id, row["intended_at"], outcome, by)
    return state


async def _give_up(context: Context, batch_id: UUID, sending: datetime | None, by: Resolvers) -> str:
    """One that after a restore is only told of has no sending."""
    if sending != await context.pool.fetchval(
        "select intended_at from batches where batch_id = $1", batch_id
    ):
        raise NotResolved(_ANOTHER_SENDING)
    if not await give_up_file(context, batch_id, by):
        raise NotResolved(
            "it is not in doubt, its bytes are here to be sent again, or its payments are still to be told of"
        )
    return "refused"
