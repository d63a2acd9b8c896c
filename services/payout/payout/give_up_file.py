"""A file that the bank never got, and that cannot be sent again: a restore left it without its bytes, or it pays or
takes back what may not be any more (`sent_again.py`). It is given up, nothing of it is paid.

Its payments are refused like those of a file that the bank refused: their items are held, and each is paid again only
when a person releases it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis import Context, Transaction
from payout.bank_files import BankFile
from payout.give_up_lost import GIVEN_UP, give_up_lost
from payout.posting import Posting
from payout.sent_again import may_not_leave
from payout.signed_by_two import Resolvers
from payout.take_acknowledgement import refuse_file
from throughline.identifiers import derived
from throughline.payments import FileResolved

Outcome = Literal["received", "not_received", "given_up"]

_IN_DOUBT = """
select bank, file_name, file_sha256, intended_at, octet_length(file_bytes) = 0 as is_lost
from batches b where batch_id = $1 and state = 'unknown'
    and not exists (select from payments p where p.batch_id = b.batch_id and p.state = 'scheduled')
for update
"""


_GIVEN_UP = """
select batch_id, resolved_by from batches
where state = 'unknown' and octet_length(file_bytes) = 0 and part_name = $1
"""


async def give_up_file(context: Context, batch_id: UUID, by: Resolvers) -> bool:
    """False where the batch is not in doubt, may be sent again, or has payments that are still to be told of; and where
    it is only told of, as `give_up_lost` says."""
    return await _refuse(context, batch_id, by) or await give_up_lost(context, batch_id, by.named)


async def finish_giving_up(context: Context) -> None:
    """What was given up while nothing new could be said is refused as soon as it can be told of."""
    if context.said_before.making_again:
        return
    for row in await context.pool.fetch(_GIVEN_UP, GIVEN_UP):
        await _refuse(context, row["batch_id"], Resolvers(tuple(row["resolved_by"].split())))


async def _refuse(context: Context, batch_id: UUID, by: Resolvers) -> bool:
    async with context.transaction() as tx:
        row = await tx.db.fetchrow(_IN_DOUBT, batch_id)
        if row is None:
            return False
        if not row["is_lost"] and not await may_not_leave(tx.db, batch_id, context):
            return False
        await tx.db.execute("update batches set resolved_by = $2 where batch_id = $1", batch_id, by.named)
        cause = derived("given-up", str(batch_id))  # not the batch: it says what we withdrew ourselves
        posting = Posting(tx, BankFile(cause, row["bank"], row["file_name"], row["file_sha256"], b""))
        why = "its bytes are lost" if row["is_lost"] else "it may not leave any more"
        await refuse_file(posting, batch_id, f"never received, and {why}", context.clock.today())
        await posting.store()
        say_resolved(tx, batch_id, row["intended_at"], "given_up", by)
    return True


def say_resolved(
    tx: Transaction, batch_id: UUID, sending: datetime | None, outcome: Outcome, by: Resolvers
) -> None:
    """For everybody, and for audit to seal: who resolved this sending of the file, with what they signed."""
    resolved = FileResolved(batch_id=batch_id, outcome=outcome, actors=by.actors, signed=by.signed)
    once = by.signed.signatures[0] if by.signed else by.named
    cause = derived("file-resolved", str(batch_id), str(sending), outcome, once)
    tx.say(resolved, key=str(batch_id), cause=cause)
