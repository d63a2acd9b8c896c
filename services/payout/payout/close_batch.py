"""Closing a window: which items leave, in which payments, as which bytes. One transaction, once per (bank, window)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import asyncpg

from chassis import Context, Transaction
from payout import batch_repository as rows
from payout import reversals
from payout.batch_repository import PayeeFacts, PaymentRow
from payout.calendar import BANK_ZONE, Window, begin_of, dated_until, effective_date, last_window
from payout.close_reversals import Taken, draft_reversals
from payout.domain import Plan, Planned, Waiting, items_hash, plan_payments
from payout.ledger import JournalEntry, Step, journal_entry
from payout.nacha import Unencodable
from payout.nacha.codes import MAX_TOTAL_CENTS
from payout.rails import ach
from payout.repository import PayerRow, post
from payout.settings import Bank
from payout.vault import Vault, VaultRefused
from throughline.identifiers import batch_id_for
from throughline.items import ItemHeld
from throughline.payments import BatchClosed, BatchHeld
from throughline.reasons import Reason

logger = logging.getLogger("payout.close_batch")

_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class NoModifierLeft(Exception):
    """More files in a day than a bank can tell apart (36)."""


async def close_due_windows(context: Context) -> None:
    """Close, at each bank, the last window whose cutoff has passed. Windows missed while we were down are not made up
    for one by one: what waited leaves with the last."""
    for code, bank in context.settings.banks.items():
        window = last_window(bank.all_cutoffs(), context.clock.now())
        if await rows.is_closed(context.pool, code, window.id):
            continue
        if await _has_no_file_left(context, code):
            context.alarms.raise_("no_file_left_today", bank=code)
            continue
        context.alarms.clear("no_file_left_today", bank=code)
        await close(context, code, bank, window)


async def _has_no_file_left(context: Context, code: str) -> bool:
    """A bank tells 36 files of a day apart. What waits then leaves tomorrow, with a date that is then right."""
    today = context.clock.now().astimezone(BANK_ZONE).date()
    return await rows.files_of_day(context.pool, code, today) >= len(_MODIFIERS)


async def close_now(context: Context, code: str, bank: Bank) -> UUID | None:
    """Close a window of its own at this instant, between cutoffs: sandboxes only."""
    now = context.clock.now()
    local = now.astimezone(BANK_ZONE)
    window = Window(
        f"now-{now:%Y%m%dT%H%M%S}Z", datetime.max.replace(tzinfo=now.tzinfo), local.date(), same_day=False
    )
    return await close(context, code, bank, window)


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
        ordered = await reversals.lock_ordered(tx.db, list(payers))
        payees = await rows.payees_with_accounts(tx.db, [item.payee_id for item in items])
        accounts = {payee_id: payee.payable for payee_id, payee in payees.items()}
        plan = plan_payments(batch_id, items, accounts, context.clock.today())
        drafts, held = _draft(plan, payers, payees, bank, context.resources.vault)
        drafts = _within_file_total(drafts)
        vault = context.resources.vault
        taken, failed = draft_reversals(ordered, payers, bank.company_names, vault, effective)
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
        if drafts or taken:
            awaits_release = _awaits_release(drafts, payers)
            closed = await _store_payments(tx.db, closed, bank, window, drafts, taken, now, awaits_release)
        await rows.hold_items(tx.db, [(item.decision_id, reason) for item, reason in held])
        for reversal, failure in failed:
            event = await reversals.fail(tx.db, reversal, failure, context.clock.today())
            tx.say(
                event, key=str(reversal.payment_id), cause=batch_id, correlation_id=str(reversal.payment_id)
            )
        for left in await reversals.scheduled(tx.db, batch_id) if taken else ():
            tx.say(left, key=str(left.payment_id), cause=batch_id, correlation_id=str(left.payment_id))
        _say(tx, closed, held)
        if _awaits_release(drafts, payers):
            _say_held(tx, closed)
    return batch_id


@dataclass(frozen=True, slots=True)
class _Draft:
    """A payment with the credit that it will be in the file, without its trace number."""

    planned: Planned
    payee: PayeeFacts
    credit: ach.Credit


def _draft(
    plan: Plan, payers: dict[str, PayerRow], payees: dict[UUID, PayeeFacts], bank: Bank, vault: Vault
) -> tuple[list[_Draft], list[tuple[Waiting, Reason]]]:
    """What can stand in a bank file, and every item that cannot, with its reason."""
    drafts: list[_Draft] = []
    held = list(plan.held)
    for planned in plan.payments:
        payer, payee = payers[planned.payer], payees[planned.payee_id]
        by = ach.originator(payer.name, payer.payer, payer.tin, bank.company_names.get(payer.payer))
        if isinstance(by, Unencodable):
            held += [(item, Reason.FIELD_NOT_ENCODABLE) for item in planned.items]
            continue
        try:
            account = vault.decrypt(payee.sealed, payee_id=planned.payee_id, token=planned.account_token)
        except VaultRefused:
            logger.error("a stored account does not open", extra={"account_token": planned.account_token})
            held += [(item, Reason.ACCOUNT_HELD) for item in planned.items]
            continue
        credit = ach.Credit(
            by, planned.programme, account, planned.cents, payee.identifier, payee.name, 1, "0" * 23
        )
        refusal = ach.refuse_credit(credit)
        if refusal is not None:
            held += [(item, refusal) for item in planned.items]
        else:
            drafts.append(_Draft(planned, payee, credit))
    drafts.sort(key=_place_in_file)
    return drafts, held


def _within_file_total(drafts: Sequence[_Draft]) -> list[_Draft]:
    """The control totals of a file have twelve digits. What would carry them over waits for the next window."""
    taken, room = [], MAX_TOTAL_CENTS
    for draft in drafts:
        if draft.credit.cents <= room:
            taken.append(draft)
            room -= draft.credit.cents
    return taken


def _place_in_file(draft: _Draft) -> tuple[str, str, str, UUID]:
    """One originator and programme together, and always in the same order."""
    by = draft.credit.originator
    return by.company_id, by.name, draft.planned.programme, draft.planned.payment_id


async def _store_payments(
    db: asyncpg.Connection,
    closed: BatchClosed,
    bank: Bank,
    window: Window,
    drafts: Sequence[_Draft],
    taken: Sequence[Taken],
    now: datetime,
    awaits_release: bool,
) -> BatchClosed:
    """Number, write and store everything of the batch; the event with what its file says."""
    local = now.astimezone(BANK_ZONE)
    odfi = bank.routing[:8]
    used = await rows.file_of_day(db, closed.bank, local.date())
    if used > len(_MODIFIERS):
        raise NoModifierLeft(closed.bank)
    first = await rows.reserve_traces(db, odfi, len(drafts) + len(taken))
    numbered, reversing = _number(drafts, taken, odfi, first, closed.effective_date)
    facts = ach.file_facts(
        bank.routing, bank.origin, bank.name, bank.origin_name, local, _MODIFIERS[used - 1]
    )
    content, totals = ach.write_file(facts, odfi, closed.effective_date, [*numbered, *reversing])
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"payout-{closed.bank}-{window.id}-{str(closed.batch_id)[:8]}.ach"
    await rows.store_file(
        db,
        closed.batch_id,
        name=name,
        content=content,
        sha256=sha256,
        payments=len(drafts),
        cents=totals.credit_cents,
        entry_hash=totals.entry_hash,
        dated_until=max(dated_until(window), begin_of(closed.effective_date)),
        awaits_release=awaits_release,
        reversals=len(taken),
        reversal_cents=totals.debit_cents,
    )
    await rows.insert_payments(
        db, [_payment(closed, bank, draft, credit) for draft, credit in zip(drafts, numbered, strict=True)]
    )
    await rows.schedule_items(
        db, [(item.decision_id, draft.planned.payment_id) for draft in drafts for item in draft.planned.items]
    )
    await reversals.schedule(
        db,
        closed.batch_id,
        closed.effective_date,
        [
            (one.payment_id, f"{odfi}{credit.sequence:07d}")
            for (one, _), credit in zip(taken, reversing, strict=True)
        ],
    )
    await post(db, [entry for draft in drafts for entry in _journal(draft.planned)])
    return closed.model_copy(
        update={
            "total_cents": totals.credit_cents,
            "entry_hash": totals.entry_hash,
            "reversal_count": len(taken) or None,
            "reversal_cents": totals.debit_cents or None,
            "file_name": name,
            "file_sha256": sha256,
        }
    )


def _number(
    drafts: Sequence[_Draft], taken: Sequence[Taken], odfi: str, first: int, effective: date
) -> tuple[list[ach.Credit], list[ach.Credit]]:
    """Each entry with its trace sequence: payments first, then reversals. TRN02 carries the effective date before the
    ACH trace, whose seven digits come round again; a reversal names the TRN02 of what it takes back."""
    payments = [
        replace(draft.credit, sequence=first + at, trace_number=f"{effective:%Y%m%d}{odfi}{first + at:07d}")
        for at, draft in enumerate(drafts)
    ]
    reversing = [
        replace(credit, sequence=first + at) for at, (_, credit) in enumerate(taken, start=len(drafts))
    ]
    return payments, reversing


def _payment(closed: BatchClosed, bank: Bank, draft: _Draft, credit: ach.Credit) -> PaymentRow:
    planned, payee = draft.planned, draft.payee
    return PaymentRow(
        payment_id=planned.payment_id,
        batch_id=closed.batch_id,
        payer=planned.payer,
        payee_id=planned.payee_id,
        payee_name=payee.name,
        account_token=planned.account_token,
        account_mask=payee.payable.mask,
        programme=planned.programme,
        cents=planned.cents,
        item_count=len(planned.items),
        items_hash=items_hash(planned.items),
        trace_number=credit.trace_number,
        payer_trace_id=credit.originator.company_id,
        ach_trace=f"{bank.routing[:8]}{credit.sequence:07d}",
        odfi_routing=bank.routing,
        rdfi_routing=credit.account.routing,
        effective_date=closed.effective_date,
    )


def _journal(planned: Planned) -> list[JournalEntry]:
    """Out of the clearing account where each item's money lay: approved, or come back from an earlier payment."""
    again = sum(item.cents for item in planned.items if item.came_back)
    subject = f"payment/{planned.payment_id}"
    steps = ((Step.SCHEDULED, planned.cents - again), (Step.RESCHEDULED, again))
    return [journal_entry(step, planned.payer, subject, cents) for step, cents in steps if cents]


def _awaits_release(drafts: Sequence[_Draft], payers: dict[str, PayerRow]) -> bool:
    """One file has the payments of many payers: it waits for a person where one of them asks for that. A file of
    reversals alone does not wait: a person ordered each of them."""
    return any(payers[draft.planned.payer].release_by_person for draft in drafts)


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
