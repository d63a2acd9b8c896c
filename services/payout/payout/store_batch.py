"""A closing batch as it is stored: entries numbered, the file written and kept with its hash, the money moved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import asyncpg

from payout import batch_repository as rows
from payout.batch_repository import PaymentRow
from payout.calendar import Window, begin_of, dated_until
from payout.domain import Planned, items_hash
from payout.draft_payments import Draft
from payout.files_of_day import next_file
from payout.ledger import JournalEntry, Step, journal_entry
from payout.rails import ach
from payout.repository import post
from payout.settings import Bank
from throughline.payments import BatchClosed


async def store_batch(
    db: asyncpg.Connection,
    closed: BatchClosed,
    bank: Bank,
    window: Window,
    drafts: Sequence[Draft],
    now: datetime,
    awaits_release: bool,
) -> BatchClosed:
    """Number, write and store everything of the batch; the event with what its file says."""
    odfi = bank.routing[:8]
    facts = await next_file(db, closed.bank, bank, now)
    first = await rows.reserve_traces(db, odfi, len(drafts))
    numbered = _number(drafts, odfi, first, closed.effective_date)
    content, totals = ach.write_file(facts, odfi, closed.effective_date, numbered)
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
    )
    await rows.insert_payments(
        db, [_payment(closed, bank, draft, credit) for draft, credit in zip(drafts, numbered, strict=True)]
    )
    await rows.schedule_items(
        db, [(item.decision_id, draft.planned.payment_id) for draft in drafts for item in draft.planned.items]
    )
    await post(db, [entry for draft in drafts for entry in _journal(draft.planned)])
    return closed.model_copy(
        update={
            "total_cents": totals.credit_cents,
            "entry_hash": totals.entry_hash,
            "file_name": name,
            "file_sha256": sha256,
        }
    )


def _number(drafts: Sequence[Draft], odfi: str, first: int, effective: date) -> list[ach.Credit]:
    """Each entry with its trace sequence. TRN02 carries the effective date before the ACH trace, whose seven digits
    come round again."""
    return [
        replace(draft.credit, sequence=first + at, trace_number=f"{effective:%Y%m%d}{odfi}{first + at:07d}")
        for at, draft in enumerate(drafts)
    ]


def _payment(closed: BatchClosed, bank: Bank, draft: Draft, credit: ach.Credit) -> PaymentRow:
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
        entry=planned.entry,
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
