"""After a restore: batches that our own topics show and the database does not know are taken back as they were told.
Of those that it knows, `take_back_sending.py` takes back that they left, `take_back_withdrawn.py` that they never will.

A window is never closed a second time: the items that waited for it wait since another moment now, and its file would
be another one. So membership, payments and trace numbers come from the log, item by item. The bytes are not in the log:
the batch is *in doubt* until the bank or a person says what became of its file, and nothing is ever written for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from chassis import Context
from payout import batch_repository as rows
from payout import reversals
from payout.batch_repository import PaymentRow
from payout.calendar import BANK_ZONE
from payout.domain import Waiting, items_hash
from payout.ledger import JournalEntry, Step, journal_entry
from payout.repository import post
from payout.take_back_sending import BEFORE_THE_RESTORE, take_back_sending
from payout.take_back_withdrawn import fail_again, take_back_withdrawn, withdraw_again
from payout.told_batch import (
    ALSO_RECALLED,
    RECALLED,
    RESOLUTIONS,
    ToldBatch,
    answers_to_take_outs,
    told_batches,
)
from throughline.payments import PaymentSent

_ITEMS = """
select decision_id, request_id, version, payer, payee_id, programme, entry, cents, came_back from items
where decision_id = any($1::uuid[]) and state in ('waiting', 'held') order by decision_id for update
"""
_BATCH = """
insert into batches (batch_id, bank, window_id, closed_at, effective_date, payment_count, total_cents, entry_hash,
    state, file_name, file_sha256, file_bytes, part_name, released_by, intended_at, file_date)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $4, $5)
"""


async def take_back_batches(context: Context) -> None:
    """The oldest first. One not told of whole, or whose items are not decided again yet, holds those after it."""
    if context.said_before.making_again:
        async with context.pool.acquire() as db, db.transaction():
            said = await context.said_before.left_of(db, *RESOLUTIONS)
            await context.said_before.took_back(db, [one.id for one in said])
    while context.said_before.making_again and await _take_back_next(context):
        pass


async def _take_back_next(context: Context) -> bool:
    async with context.pool.acquire() as db, db.transaction():
        await db.execute("select pg_advisory_xact_lock(7130002)")
        left = await context.said_before.left_of(db, *RECALLED, *ALSO_RECALLED)
        known_again = await take_back_sending(db, left) or await take_back_withdrawn(db, left)
        if not known_again:
            told = next(told_batches(left), None)
            if told is None or not await _take_back(db, told):
                return False
            known_again = told.ids
        await context.said_before.took_back(db, known_again)
        await context.said_before.let_stand(db, answers_to_take_outs(left, known_again))
    return True


async def _take_back(db: asyncpg.Connection, told: ToldBatch) -> bool:
    """Store it whole, or nothing."""
    items = await lock_items(db, told)
    if items is None:
        return False
    members = members_of(told, items)
    if not is_whole(told, members):
        return False
    if not await reversals.are_ordered(db, [*told.reversals, *told.failed]):
        return False
    await store_in_doubt(db, told)
    await store_payments(db, told, members)
    await _store_reversals(db, told)
    await hold_again(db, told)
    if told.is_withdrawn:
        await withdraw_again(db, told.closed.batch_id, told.failed)
    else:
        await fail_again(db, told.failed)
    return True


async def lock_items(db: asyncpg.Connection, told: ToldBatch) -> dict[UUID, Waiting] | None:
    """Everything told of as in the batch or held at its close; None before all of it is decided again."""
    wanted = [one.decision_id for one in told.scheduled] + [one.decision_id for one in told.held]
    items = {row["decision_id"]: Waiting(*row) for row in await db.fetch(_ITEMS, wanted)}
    return items if len(items) == len(set(wanted)) else None


async def store_in_doubt(db: asyncpg.Connection, told: ToldBatch) -> None:
    """Its row claims the window; without bytes, so that nothing can be sent under its name. What was emptied before it
    left is in no doubt."""
    closed, redated = told.closed, told.redated
    has_file = closed.file_name is not None
    await db.execute(
        _BATCH,
        closed.batch_id,
        closed.bank,
        closed.window,
        closed.closed_at,
        redated.effective_date if redated else closed.effective_date,
        closed.payment_count - len(told.taken_out),
        told.total_cents,
        closed.entry_hash if redated is None or redated.entry_hash is None else redated.entry_hash,
        "unknown" if has_file and not told.is_emptied else "empty",
        closed.file_name,
        redated.file_sha256 if redated else closed.file_sha256,
        b"" if has_file else None,
        BEFORE_THE_RESTORE if has_file else None,
        told.released.actor if told.released else None,
    )
    if has_file:
        await rows.file_of_day(db, closed.bank, closed.closed_at.astimezone(BANK_ZONE).date())


async def hold_again(db: asyncpg.Connection, told: ToldBatch) -> None:
    """What was held as the window closed, and what was taken out later."""
    await rows.hold_items(db, [(one.decision_id, one.reason) for one in told.held])
    out = told.taken_out
    await rows.hold_items(
        db, [(one.decision_id, out[one.payment_id].reason) for one in told.scheduled if one.payment_id in out]
    )


def members_of(told: ToldBatch, items: Mapping[UUID, Waiting]) -> dict[UUID, list[Waiting]]:
    """The items of each payment that was told of."""
    found: dict[UUID, list[Waiting]] = {one.payment_id: [] for one in told.payments}
    for one in told.scheduled:
        if one.payment_id in found:
            found[one.payment_id].append(items[one.decision_id])
    return found


def is_whole(told: ToldBatch, members: Mapping[UUID, Sequence[Waiting]]) -> bool:
    """Every payment of the batch is told of, with every item of it: to the count, the hash and the cent."""
    return (
        len(told.payments) + len(told.taken_out) == told.closed.payment_count
        and len(told.reversals) == (told.closed.reversal_count or 0)
        and sum(one.amount_cents for one in told.payments) == told.total_cents
        and are_as_told(told, members)
    )


def are_as_told(told: ToldBatch, members: Mapping[UUID, Sequence[Waiting]]) -> bool:
    """Each payment that was told of holds just the items that were told of as in it."""
    return all(
        items_hash(members[one.payment_id]) == one.items_hash
        and sum(item.cents for item in members[one.payment_id]) == one.amount_cents
        for one in told.payments
    )


async def store_payments(
    db: asyncpg.Connection, told: ToldBatch, members: Mapping[UUID, Sequence[Waiting]]
) -> None:
    """As they were told: their items scheduled, their money on its way, their trace numbers used."""
    await rows.insert_payments(db, [_row(one, members[one.payment_id][0]) for one in told.payments])
    ids = [one.payment_id for one in told.payments]
    await db.execute("update payments set state = 'sent' where payment_id = any($1::uuid[])", ids)
    members_told = [(one.decision_id, one.payment_id) for one in told.scheduled]
    await rows.schedule_items(db, [one for one in members_told if one[1] in members])
    await db.execute("update items set announced = true where payment_id = any($1::uuid[])", ids)
    await post(db, [entry for one in told.payments for entry in _journal(one, members[one.payment_id])])
    for one in told.payments:
        # Trace numbers rise over all files: the next file goes on behind what has left.
        await rows.raise_traces(db, one.ach_trace[:8], int(one.ach_trace[8:]))


async def _store_reversals(db: asyncpg.Connection, told: ToldBatch) -> None:
    closed = told.closed
    await db.execute(
        "update batches set reversal_count = $2, reversal_cents = $3 where batch_id = $1",
        closed.batch_id,
        len(told.reversals),
        closed.reversal_cents or 0,
    )
    traces = [(one.payment_id, one.ach_trace) for one in told.reversals]
    await reversals.schedule(db, closed.batch_id, closed.effective_date, traces)
    for _, trace in traces:
        await rows.raise_traces(db, trace[:8], int(trace[8:]))


def _row(told: PaymentSent, item: Waiting) -> PaymentRow:
    return PaymentRow(
        payment_id=told.payment_id,
        batch_id=told.batch_id,
        payer=told.payer,
        payee_id=told.payee_id,
        payee_name=told.payee_name,
        account_token=told.account_token,
        account_mask=told.account_mask,
        programme=item.programme,
        entry=item.entry,
        cents=told.amount_cents,
        item_count=told.item_count,
        items_hash=told.items_hash,
        trace_number=told.trace_number,
        payer_trace_id=told.payer_trace_id,
        ach_trace=told.ach_trace,
        odfi_routing=told.odfi_routing,
        rdfi_routing=told.rdfi_routing,
        effective_date=told.effective_date,
    )


def _journal(told: PaymentSent, items: Sequence[Waiting]) -> list[JournalEntry]:
    again = sum(item.cents for item in items if item.came_back)
    steps = ((Step.SCHEDULED, told.amount_cents - again), (Step.RESCHEDULED, again))
    return [
        journal_entry(step, told.payer, f"payment/{told.payment_id}", cents) for step, cents in steps if cents
    ]
