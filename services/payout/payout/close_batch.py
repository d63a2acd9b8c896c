"""Closing a window: which items leave, in which payments, as which bytes. One transaction, once per (bank, window)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis import Context, Transaction
from payout import batch_repository as rows
from payout.calendar import BANK_ZONE, Window, effective_date, last_window
from payout.close_reversals import close_reversals
from payout.domain import Waiting, plan_payments
from payout.draft_payments import awaits_release, draft_payments, within_file_total
from payout.each_bank import of_bank
from payout.files_of_day import has_no_file_left
from payout.settings import Bank
from payout.store_batch import store_batch
from throughline.identifiers import batch_id_for
from throughline.items import ItemHeld
from throughline.payments import BatchClosed, BatchHeld
from throughline.reasons import Reason


async def close_due_windows(context: Context) -> None:
    """Close, at each bank, the last window whose cutoff has passed. Windows missed while we were down are not made up
    for one by one: what waited leaves with the last. Reversals leave in a file of their own."""
    for code, bank in context.settings.banks.items():
        with of_bank(context, code, "close"):
            await _close_due_window(context, code, bank)


async def _close_due_window(context: Context, code: str, bank: Bank) -> None:
    window = last_window(bank.all_cutoffs(), context.clock.now())
    if not await rows.is_closed(context.pool, code, window.id):
        if await has_no_file_left(context.pool, code, context.clock.now()):
            context.alarms.raise_("no_file_left_today", bank=code)
            return
        context.alarms.clear("no_file_left_today", bank=code)
        await close(context, code, bank, window)
    await close_reversals(context, code, bank, window)


async def close_now(context: Context, code: str, bank: Bank) -> UUID | None:
    """Close a window of its own at this instant, between cutoffs: sandboxes only."""
    now = context.clock.now()
    local = now.astimezone(BANK_ZONE)
    window = Window(
        f"now-{now:%Y%m%dT%H%M%S}Z", datetime.max.replace(tzinfo=now.tzinfo), local.date(), same_day=False
    )
    batch_id = await close(context, code, bank, window)
    await close_reversals(context, code, bank, window)
    return batch_id


async def close(context: Context, code: str, bank: Bank, window: Window) -> UUID | None:
    """The batch's id, or None where another replica closed the window. After a restore no window is closed before
    every batch that our own topics show is known again (take_back_batches)."""
    if context.said_before.making_again:
        return None
    now = context.clock.now()
    batch_id = batch_id_for(code, window.id)
    effective = effective_date(window, now)
    async with context.transaction() as tx:
        closed_at = await rows.claim_window(tx.db, batch_id, code, window.id, effective)
        if closed_at is None:
            return None
        payers = await rows.payers_of(tx.db, code)
        items = await rows.lock_waiting(tx.db, list(payers), window.closes_at)
        payees = await rows.payees_with_accounts(tx.db, [item.payee_id for item in items])
        accounts = {payee_id: payee.payable for payee_id, payee in payees.items()}
        plan = plan_payments(batch_id, items, accounts, context.clock.today())
        drafts, held = draft_payments(plan, payers, payees, bank, context.resources.vault)
        drafts = within_file_total(drafts)
        waits = awaits_release(drafts, payers)
        total = sum(draft.credit.cents for draft in drafts)
        closed = BatchClosed(
            batch_id=batch_id,
            bank=code,
            window=window.id,
            closed_at=closed_at,
            effective_date=effective,
            payment_count=len(drafts),
            total_cents=total,
            entry_hash=0,
        )
        if drafts:
            closed = await store_batch(tx.db, closed, bank, window, drafts, now, waits)
        await rows.hold_items(tx.db, [(item.decision_id, reason) for item, reason in held])
        _say(tx, closed, held)
        if waits:
            _say_held(tx, closed)
    return batch_id


def _say_held(tx: Transaction, closed: BatchClosed) -> None:
    tx.say(
        BatchHeld(
            batch_id=closed.batch_id,
            bank=closed.bank,
            window=closed.window,
            cause="release_required",
            effective_date=closed.effective_date,
            payment_count=closed.payment_count,
            total_cents=closed.total_cents,
        ),
        key=str(closed.batch_id),
        cause=closed.batch_id,
    )


def _say(tx: Transaction, closed: BatchClosed, held: Sequence[tuple[Waiting, Reason]]) -> None:
    for item, reason in held:
        tx.say(
            ItemHeld(
                request_id=item.request_id, version=item.version, decision_id=item.decision_id, reason=reason
            ),
            key=str(item.request_id),
            cause=closed.batch_id,
            correlation_id=str(item.request_id),
        )
    tx.say(closed, key=str(closed.batch_id), cause=closed.batch_id)
