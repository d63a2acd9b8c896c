"""A batch that was released, or kept waiting, until its date could not be kept leaves with a new one: its bytes are
dated anew, stored and told of, and only then may they leave. Before that its accounts are asked once more, as they are
where one of them was held or replaced while a file waited."""

from __future__ import annotations

import hashlib
from datetime import date
from uuid import UUID

import asyncpg

from chassis import Context, Transaction
from payout import reversals
from payout.calendar import BANK_ZONE, begin_of, late_date
from payout.each_bank import of_bank
from payout.nacha.redate import redate
from payout.nacha.without import entry_hash_of, without
from payout.take_out import lock_unpayable, store_taken_out
from throughline.payments import BatchRedated, BatchRefused, PaymentRefused
from throughline.reasons import Reason

_PER_ENTRY = 10_000_000  # above every date: the same date told again, with fewer entries, is another event
_TAKEN_OUT = "select ach_trace from payments where batch_id = $1 and state = 'refused'"
# Coarse and without locks; `take_out.refuse_payment` is the rule.
_WAITS_FOR_AN_ACCOUNT = """
update batches b set state = 'released'
where state = 'built' and intended_at is null and not exists (
    select from items i join payments p using (payment_id) where p.batch_id = b.batch_id and not i.announced)
and exists (
    select from payments p where p.batch_id = b.batch_id and p.state = 'scheduled' and not exists (
        select from accounts a where a.token = p.account_token and a.state = 'active' and a.payable_from <= $1
            and not exists (select from accounts u where u.payee_id = p.payee_id and u.state = 'unconfirmed')))
"""
_LEFT = """
select payment_count, total_cents,
    (select count(*) from payments where batch_id = $1 and state = 'refused')
        + (select count(*) from reversals where batch_id = $1 and state = 'failed') as lacks
from batches where batch_id = $1
"""
_STORE = """
update batches set state = 'built', file_bytes = $2, file_sha256 = $3, file_size = $4, file_date = $5, entry_hash = $6
where batch_id = $1
"""
_LESS_PAYMENTS = """
update batches set payment_count = payment_count - $2, total_cents = total_cents - $3 where batch_id = $1
"""
_LESS_A_REVERSAL = """
update batches set reversal_count = reversal_count - 1, reversal_cents = reversal_cents - $2 where batch_id = $1
"""


async def redate_files(context: Context) -> None:
    """Replicas share the work; each batch is one transaction, and one that cannot be dated delays no other."""
    for row in await context.pool.fetch(
        "select batch_id, bank from batches where state = 'released' order by coalesce(released_at, closed_at)"
    ):
        with of_bank(context, row["bank"], "date anew", batch_id=row["batch_id"]):
            await _redate(context, row["batch_id"])


async def _redate(context: Context, batch_id: UUID) -> None:
    async with context.transaction() as tx:
        row = await tx.db.fetchrow(
            """
            select effective_date, file_bytes, file_sha256 from batches where batch_id = $1 and state = 'released'
            for update skip locked
            """,
            batch_id,
        )
        if row is None:
            return
        effective = row["effective_date"]
        if hashlib.sha256(row["file_bytes"]).hexdigest() != row["file_sha256"]:
            context.alarms.raise_("stored_file_changed", batch_id=batch_id)
            return
        context.alarms.clear("stored_file_changed", batch_id=batch_id)
        taken_out = await _take_out(tx, batch_id, context.clock.today())
        content = await _bytes_to_leave(tx, context, batch_id, row["file_bytes"], effective)
        if content is None:
            await tx.db.execute("update batches set state = 'empty' where batch_id = $1", batch_id)
            if taken_out:
                nothing_left = BatchRefused(batch_id=batch_id, reason=Reason.ENTRIES_TAKEN_OUT)
                tx.say(nothing_left, key=str(batch_id), cause=batch_id)
            return
        sha256 = hashlib.sha256(content).hexdigest()
        count, cents, lacks = await tx.db.fetchrow(_LEFT, batch_id)
        await tx.db.execute(
            _STORE, batch_id, content, sha256, len(content), effective, entry_hash_of(content)
        )
        await set_dates(tx.db, batch_id, effective)
        if sha256 == row["file_sha256"]:
            return
        redated = BatchRedated(batch_id=batch_id, effective_date=effective, file_sha256=sha256)
        if lacks:
            without_them = {
                "payment_count": count,
                "total_cents": cents,
                "entry_hash": entry_hash_of(content),
            }
            redated = redated.model_copy(update=without_them)
        ordinal = effective.toordinal() + _PER_ENTRY * lacks
        tx.say(redated, key=str(batch_id), cause=batch_id, ordinal=ordinal)


async def _take_out(tx: Transaction, batch_id: UUID, today: date) -> bool:
    """Whether anything was taken out: accounts may have been held or replaced since the batch was closed or released.
    It leaves with less than a person saw, never with more."""
    taken = (await lock_unpayable(tx.db, [batch_id], today)).get(batch_id, [])
    if not taken:
        return False
    await store_taken_out(tx.db, taken)
    await tx.db.execute(_LESS_PAYMENTS, batch_id, len(taken), sum(one.cents for one in taken))
    for one in taken:
        refused = PaymentRefused(
            payment_id=one.payment_id, batch_id=batch_id, reason=one.reason, detail="taken out before it left"
        )
        tx.say(refused, key=str(one.payment_id), cause=batch_id, correlation_id=str(one.payment_id))
    return True


async def _bytes_to_leave(
    tx: Transaction, context: Context, batch_id: UUID, content: bytes, effective: date
) -> bytes | None:
    """The stored file without what was taken out of it and without reversals whose last day the new date misses. None
    where nothing is left."""
    traces = [row[0] for row in await tx.db.fetch(_TAKEN_OUT, batch_id)]
    for one in await reversals.lock_of_batch(tx.db, batch_id):
        if one.state == "failed" and one.ach_trace is not None:
            traces.append(one.ach_trace)
        elif one.state == "scheduled" and effective > one.last_day and one.ach_trace is not None:
            traces.append(one.ach_trace)
            event = await reversals.fail(tx.db, one, "window_missed", context.clock.today())
            tx.say(event, key=str(one.payment_id), cause=batch_id, correlation_id=str(one.payment_id))
            await tx.db.execute(_LESS_A_REVERSAL, batch_id, one.cents)
    kept = without(content, traces) if traces else content
    return None if kept is None else redate(kept, effective)


async def date_anew(context: Context) -> None:
    """A file that waited until its date could not be kept (the broker, the bank's directory, we ourselves were away)
    goes back to be dated anew, as one that was released late. Not one that was on its way before: the bank may have it,
    and knows it again by its bytes."""
    now = context.clock.now()
    effective = late_date(now)
    await context.pool.execute(
        """
        update batches set state = 'released', effective_date = $1, dated_until = $2
        where state = 'built' and intended_at is null
            and (dated_until <= $3 or dated_until is null and file_date < $4)
        """,
        effective,
        begin_of(effective),
        now,
        now.astimezone(BANK_ZONE).date(),
    )


async def ask_accounts(context: Context) -> None:
    """A file that waits goes back, with its date, as soon as an account in it is not in order: `_redate` asks each of
    its accounts under their locks, as a release does. Not one that was on its way before: the bank may have it."""
    await context.pool.execute(_WAITS_FOR_AN_ACCOUNT, context.clock.today())


async def set_dates(db: asyncpg.Connection, batch_id: UUID, effective: date) -> None:
    """The effective date of everything in a batch's file."""
    await db.execute("update payments set effective_date = $2 where batch_id = $1", batch_id, effective)
    await db.execute("update reversals set effective_date = $2 where batch_id = $1", batch_id, effective)
