"""The bank's acknowledgement of a file, and its list of received files: where a batch stands, what was refused."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import asyncpg

from payout import reversals
from payout.bank_answers import Acknowledgement, ReceivedList
from payout.ledger import Step
from payout.payments import LockedPayment, lock_by_trace, lock_of_batch
from payout.posting import Posting
from payout.take_reversals import refuse_reversal_entry
from throughline.payments import BatchRefused, PaymentRefused
from throughline.reasons import Reason

_NOT_SENT = ("built", "awaiting", "held", "released")


async def acknowledge(posting: Posting, ack: Acknowledgement) -> None:
    batch = await _lock_batch(posting.tx.db, posting.file.bank, ack.file)
    if batch is None:
        await posting.found("unknown_file", detail=ack.file)
        return
    batch_id: UUID = batch["batch_id"]
    if ack.sha256 != batch["file_sha256"] or batch["file_size"] not in (ack.size, None):
        await posting.found("delivered_bytes_differ", batch_id=batch_id)
        return
    if ack.status == "refused":
        await _take_refusal(posting, ack, batch)
        return
    if batch["state"] in _NOT_SENT:
        await _has_left(posting, batch_id, "delivered")
    elif batch["state"] not in ("intended", "unknown", "delivered"):
        if batch["state"] != "acknowledged" or await _names_another_refusal(posting, ack, batch_id):
            await posting.found("contradicting_acknowledgement", batch_id=batch_id, detail=batch["state"])
        return
    agreed = (ack.entries, ack.credit_cents, ack.entry_hash)
    entries = batch["payment_count"] + batch["reversal_count"]
    if agreed != (entries, batch["total_cents"], batch["entry_hash"]):
        await posting.found("acknowledged_sums_differ", batch_id=batch_id, cents=ack.credit_cents)
        return
    await _set_batch(posting.tx.db, batch_id, "acknowledged")
    if ack.refused_entries:
        payments = await lock_by_trace(posting.tx.db, [one.trace for one in ack.refused_entries])
        reversed_ = await reversals.lock_of_batch(posting.tx.db, batch_id)
        by_trace = {one.ach_trace: one for one in reversed_}
        for one in ack.refused_entries:
            payment, reversal = payments.get(one.trace), by_trace.get(one.trace)
            if reversal is not None:
                await refuse_reversal_entry(posting, reversal, one.amount_cents, ack.received_at.date())
            elif payment is None or payment.batch_id != batch_id or payment.cents != one.amount_cents:
                await posting.found("refused_entry_unknown", batch_id=batch_id, detail=one.trace)
            else:
                await _refuse_payment(posting, payment, one.reason)


async def _has_left(posting: Posting, batch_id: UUID, state: str) -> None:
    """The bank has these very bytes, though we do not know that we sent them: our database is an old one, or a person
    was mistaken. They must not leave again."""
    await posting.tx.db.execute(
        "update batches set state = $2, intended_at = coalesce(intended_at, clock_timestamp()) where batch_id = $1",
        batch_id,
        state,
    )
    await posting.found("received_before_sent", batch_id=batch_id)


async def _names_another_refusal(posting: Posting, ack: Acknowledgement, batch_id: UUID) -> bool:
    """Whether an acknowledgement that came after the first refuses an entry that the first did not."""
    payments = await lock_by_trace(posting.tx.db, [one.trace for one in ack.refused_entries])
    known = {
        one.ach_trace for one in payments.values() if one.batch_id == batch_id and one.state == "refused"
    }
    known |= {
        one.ach_trace or ""
        for one in await reversals.lock_of_batch(posting.tx.db, batch_id)
        if one.failure == "refused"
    }
    return not known.issuperset(one.trace for one in ack.refused_entries)


async def _take_refusal(posting: Posting, ack: Acknowledgement, batch: asyncpg.Record) -> None:
    """The whole file is refused. A refusal as a duplicate, or of what was accepted before, pages and moves nothing:
    the first copy of the file stands."""
    batch_id: UUID = batch["batch_id"]
    doubtful = ack.reason in ("duplicate_file", "duplicate_trace") or batch["state"] in (
        "acknowledged",
        "built",
    )
    if batch["state"] == "refused":
        return
    if doubtful:
        await posting.found("contradicting_acknowledgement", batch_id=batch_id, detail=ack.reason or "")
        return
    await refuse_file(posting, batch_id, _where(ack), ack.received_at.date(), ack.reason or "file_refused")


async def refuse_file(
    posting: Posting, batch_id: UUID, detail: str, on: date, of_payments: str | None = None
) -> None:
    """Nothing of a file is paid: its reversals fail, its payments are refused, their items held."""
    await _set_batch(posting.tx.db, batch_id, "refused")
    posting.tx.say(
        BatchRefused(batch_id=batch_id, reason=Reason.REFUSED_BY_BANK, detail=detail),
        key=str(batch_id),
        cause=posting.file.id,
    )
    for reversal in await reversals.lock_of_batch(posting.tx.db, batch_id):
        await refuse_reversal_entry(posting, reversal, reversal.cents, on)
    for payment in await lock_of_batch(posting.tx.db, batch_id):
        await _refuse_payment(posting, payment, of_payments or detail)


def _where(ack: Acknowledgement) -> str:
    parts = (ack.reason, f"line {ack.line}" if ack.line else None, ack.field)
    return ", ".join(part for part in parts if part)


async def _refuse_payment(posting: Posting, payment: LockedPayment, detail: str) -> None:
    if payment.state == "refused":
        return
    if payment.state != "sent":
        await posting.found("refused_after_" + payment.state, payment_id=payment.payment_id)
        return
    payment.state = "refused"
    posting.move(Step.REFUSED, payment)
    posting.hold_items(payment, Reason.REFUSED_BY_BANK)
    posting.tx.say(
        PaymentRefused(
            payment_id=payment.payment_id,
            batch_id=payment.batch_id,
            reason=Reason.REFUSED_BY_BANK,
            detail=detail,
        ),
        key=str(payment.payment_id),
        cause=posting.file.id,
        correlation_id=str(payment.payment_id),
    )


async def compare_received(posting: Posting, received: ReceivedList) -> None:
    """A file in doubt that the bank lists is delivered; one that we do not know stops all delivery."""
    for one in received.files:
        batch = await _lock_batch(posting.tx.db, posting.file.bank, one.file)
        if batch is None:
            await posting.found("unknown_file", detail=one.file)
        elif one.sha256 != batch["file_sha256"] or batch["file_size"] not in (one.size, None):
            await posting.found("delivered_bytes_differ", batch_id=batch["batch_id"])
        elif batch["state"] in ("intended", "unknown"):
            await _set_batch(posting.tx.db, batch["batch_id"], "delivered")
        elif batch["state"] in _NOT_SENT:
            await _has_left(posting, batch["batch_id"], "delivered")


async def _lock_batch(db: asyncpg.Connection, bank: str, file_name: str) -> asyncpg.Record | None:
    """By the name that we gave it. The content is not read: it may be large."""
    row: asyncpg.Record | None = await db.fetchrow(
        """
        select batch_id, state, file_sha256, file_size, payment_count, total_cents, entry_hash,
            reversal_count
        from batches where bank = $1 and file_name = $2 for update
        """,
        bank,
        file_name,
    )
    return row


async def _set_batch(db: asyncpg.Connection, batch_id: UUID, state: str) -> None:
    await db.execute("update batches set state = $2 where batch_id = $1", batch_id, state)
