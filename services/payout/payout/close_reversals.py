"""Closing a window for reversals: a file of their own, beside that of the window's payments.

They may not wait: a reversal must be there within five banking days, and a batch of payments may be held for longer.
Two people ordered each of them, so that no third releases their file, and nobody holds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import asyncpg

from chassis import Context, Transaction
from payout import batch_repository as rows
from payout import reversals
from payout.calendar import Window, begin_of, dated_until, effective_date
from payout.files_of_day import has_no_file_left, next_file
from payout.nacha import Unencodable
from payout.rails import ach
from payout.reversals import Failure, Reversal
from payout.settings import Bank
from payout.vault import Vault, VaultRefused
from throughline.identifiers import batch_id_for
from throughline.payments import BatchClosed

Taken = tuple[Reversal, ach.Credit]


async def close_reversals(context: Context, code: str, bank: Bank, window: Window) -> None:
    """What was ordered before the cutoff, of payments that this bank made. Nothing is closed where nothing waits."""
    now = context.clock.now()
    if context.said_before.making_again:
        return
    if not await reversals.has_ordered(context.pool, code, window.closes_at):
        return
    if await has_no_file_left(context.pool, code, now):
        context.alarms.raise_("no_file_left_today", bank=code)
        return
    window_id, effective = f"{window.id}-reversals", effective_date(window, now)
    batch_id = batch_id_for(code, window_id)
    async with context.transaction() as tx:
        closed_at = await rows.claim_window(tx.db, batch_id, code, window_id, effective)
        if closed_at is None:
            return
        ordered = await reversals.lock_ordered(tx.db, code, window.closes_at)
        vault = context.resources.vault
        taken, failed = draft_reversals(ordered, bank.company_names, vault, effective)
        closed = BatchClosed(
            batch_id=batch_id,
            bank=code,
            window=window_id,
            closed_at=closed_at,
            effective_date=effective,
            payment_count=0,
            total_cents=0,
            entry_hash=0,
        )
        if taken:
            closed = await _store_file(tx.db, closed, bank, window, taken, now)
        await say_failed(tx, failed, batch_id, context.clock.today())
        for left in await reversals.scheduled(tx.db, batch_id):
            tx.say(left, key=str(left.payment_id), cause=batch_id, correlation_id=str(left.payment_id))
        tx.say(closed, key=str(batch_id), cause=batch_id)


async def say_failed(
    tx: Transaction, failed: Sequence[tuple[Reversal, Failure]], batch_id: UUID, today: date
) -> None:
    """Each that came to nothing, with the batch it is not in for its cause."""
    for one, failure in failed:
        event = await reversals.fail(tx.db, one, failure, today)
        tx.say(event, key=str(one.payment_id), cause=batch_id, correlation_id=str(one.payment_id))


async def _store_file(
    db: asyncpg.Connection,
    closed: BatchClosed,
    bank: Bank,
    window: Window,
    taken: Sequence[Taken],
    now: datetime,
) -> BatchClosed:
    """Number, write and store them; the event with what the file says. Each names the TRN02 of what it takes back."""
    odfi = bank.routing[:8]
    facts = await next_file(db, closed.bank, bank, now)
    first = await rows.reserve_traces(db, odfi, len(taken))
    entries = [replace(credit, sequence=first + at) for at, (_, credit) in enumerate(taken)]
    content, totals = ach.write_file(facts, odfi, closed.effective_date, entries)
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"payout-{closed.bank}-{closed.window}-{str(closed.batch_id)[:8]}.ach"
    await rows.store_file(
        db,
        closed.batch_id,
        name=name,
        content=content,
        sha256=sha256,
        payments=0,
        cents=0,
        entry_hash=totals.entry_hash,
        dated_until=max(dated_until(window), begin_of(closed.effective_date)),
        awaits_release=False,
        reversals=len(taken),
        reversal_cents=totals.debit_cents,
    )
    traces = [
        (one.payment_id, f"{odfi}{entry.sequence:07d}")
        for (one, _), entry in zip(taken, entries, strict=True)
    ]
    await reversals.schedule(db, closed.batch_id, closed.effective_date, traces)
    return closed.model_copy(
        update={
            "entry_hash": totals.entry_hash,
            "reversal_count": len(taken),
            "reversal_cents": totals.debit_cents,
            "file_name": name,
            "file_sha256": sha256,
        }
    )


def draft_reversals(
    ordered: Sequence[Reversal], names: Mapping[str, str], vault: Vault, effective: date
) -> tuple[list[Taken], list[tuple[Reversal, Failure]]]:
    """Each as the entry that it takes back: company id, class, account, amount and addenda are those of the payment."""
    taken: list[Taken] = []
    failed: list[tuple[Reversal, Failure]] = []
    for one in ordered:
        failure = failure_by(one, effective)
        credit = None if failure else _entry(one, names.get(one.payer), vault)
        if failure is None and credit is not None and ach.refuse_credit(credit) is None:
            taken.append((one, credit))
        else:
            failed.append((one, failure or "not_encodable"))
    taken.sort(key=lambda pair: (pair[1].originator.company_id, pair[1].entry, pair[0].payment_id))
    return taken, failed


def failure_by(one: Reversal, effective: date) -> Failure | None:
    """Why a reversal may not leave with this effective date; None where it may."""
    if one.payment_state != "settled":
        return "payment_returned"
    return "window_missed" if effective > one.last_day else None


def _entry(one: Reversal, short_name: str | None, vault: Vault) -> ach.Credit | None:
    by = ach.originator(one.payer_name, one.payer, one.payer_tin, short_name)
    if isinstance(by, Unencodable) or one.sealed is None:
        return None
    try:
        account = vault.decrypt(one.sealed, payee_id=one.payee_id, token=one.account_token)
    except VaultRefused:
        return None
    return ach.Credit(
        ach.Originator(by.name, one.payer_trace_id),
        one.entry,
        account,
        one.cents,
        one.identification or "",
        one.payee_name,
        1,
        one.trace_number,
        is_reversal=True,
    )
