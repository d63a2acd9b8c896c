"""What each kind of bank file does: acknowledgements and lists move batches, statements settle, returns bring back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import asyncpg

from chassis import Context, Transaction
from payout.bank_answers import Acknowledgement, ReceivedList
from payout.bank_files import BankFile
from payout.calendar import return_window_end
from payout.camt053 import Movement
from payout.domain import DUPLICATE_ENTRY, ODD_FOR_CREDITS
from payout.findings import find
from payout.ledger import JournalEntry, Step, journal_entry
from payout.nacha import ReturnedEntry, ReturnFile
from payout.payments import LockedPayment, lock_by_trace, lock_of_batch, store_payments
from payout.repository import post as post_journal
from payout.repository import store_follow_ups
from throughline.accounts import AccountHeld
from throughline.identifiers import derived
from throughline.payments import BatchRefused, PaymentRefused, PaymentReturned, PaymentSettled
from throughline.reasons import Reason


@dataclass(slots=True)
class _Posting:
    """What one file changes, collected and stored once."""

    tx: Transaction
    file: BankFile
    changed: list[LockedPayment] = field(default_factory=list)
    entries: list[JournalEntry] = field(default_factory=list)
    follow_ups: list[tuple[UUID, str, UUID, Reason]] = field(default_factory=list)

    def move(self, step: Step, payment: LockedPayment) -> None:
        self.entries.append(
            journal_entry(step, payment.payer, f"payment/{payment.payment_id}", payment.cents)
        )
        self.changed.append(payment)

    def hold_items(self, payment: LockedPayment, reason: Reason) -> None:
        cause = derived("hold-items", str(payment.payment_id), reason.value)
        self.follow_ups.append((cause, "hold_items", payment.payment_id, reason))

    async def found(self, what: str, **details: object) -> None:
        await find(self.tx.db, what, self.file.id, **details)  # type: ignore[arg-type]

    async def store(self) -> None:
        await store_payments(self.tx.db, self.changed)
        await post_journal(self.tx.db, self.entries)
        await store_follow_ups(self.tx.db, self.follow_ups)


async def post(
    tx: Transaction,
    context: Context,
    file: BankFile,
    content: Acknowledgement | ReceivedList | ReturnFile | list[Movement],
) -> None:
    """Post a whole file. What in it does not match is a finding; the rest is posted."""
    posting = _Posting(tx, file)
    if isinstance(content, Acknowledgement):
        await _acknowledge(posting, content)
    elif isinstance(content, ReceivedList):
        await _compare_received(posting, content)
    elif isinstance(content, ReturnFile):
        await _take_returns(posting, content, context.clock.today())
    else:
        await _settle(posting, content)
    await posting.store()


# Acknowledgement and list of received files


async def _acknowledge(posting: _Posting, ack: Acknowledgement) -> None:
    batch = await _lock_batch(posting.tx.db, posting.file.bank, ack.file)
    if batch is None:
        await posting.found("unknown_file", detail=ack.file)
        return
    batch_id: UUID = batch["batch_id"]
    if ack.sha256 != batch["file_sha256"] or ack.size != batch["file_size"]:
        await posting.found("delivered_bytes_differ", batch_id=batch_id)
        return
    if ack.status == "refused":
        await _take_refusal(posting, ack, batch)
        return
    if batch["state"] not in ("intended", "unknown", "delivered"):
        if batch["state"] != "acknowledged":
            await posting.found("contradicting_acknowledgement", batch_id=batch_id, detail=batch["state"])
        return
    agreed = (ack.entries, ack.credit_cents, ack.entry_hash)
    if agreed != (batch["payment_count"], batch["total_cents"], batch["entry_hash"]):
        await posting.found("acknowledged_sums_differ", batch_id=batch_id, cents=ack.credit_cents)
        return
    await _set_batch(posting.tx.db, batch_id, "acknowledged")
    if ack.refused_entries:
        payments = await lock_by_trace(posting.tx.db, [one.trace for one in ack.refused_entries])
        for one in ack.refused_entries:
            payment = payments.get(one.trace)
            if payment is None or payment.batch_id != batch_id or payment.cents != one.amount_cents:
                await posting.found("refused_entry_unknown", batch_id=batch_id, detail=one.trace)
            else:
                await _refuse_payment(posting, payment, one.reason)


async def _take_refusal(posting: _Posting, ack: Acknowledgement, batch: asyncpg.Record) -> None:
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
    await _set_batch(posting.tx.db, batch_id, "refused")
    posting.tx.say(
        BatchRefused(batch_id=batch_id, reason=Reason.REFUSED_BY_BANK, detail=_where(ack)),
        key=str(batch_id),
        cause=posting.file.id,
    )
    for payment in await lock_of_batch(posting.tx.db, batch_id):
        await _refuse_payment(posting, payment, ack.reason or "file_refused")


def _where(ack: Acknowledgement) -> str:
    parts = (ack.reason, f"line {ack.line}" if ack.line else None, ack.field)
    return ", ".join(part for part in parts if part)


async def _refuse_payment(posting: _Posting, payment: LockedPayment, detail: str) -> None:
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


async def _compare_received(posting: _Posting, received: ReceivedList) -> None:
    """A file in doubt that the bank lists is delivered; one that we do not know stops all delivery."""
    for one in received.files:
        batch = await _lock_batch(posting.tx.db, posting.file.bank, one.file)
        if batch is None:
            await posting.found("unknown_file", detail=one.file)
        elif one.sha256 != batch["file_sha256"] or one.size != batch["file_size"]:
            await posting.found("delivered_bytes_differ", batch_id=batch["batch_id"])
        elif batch["state"] in ("intended", "unknown"):
            await _set_batch(posting.tx.db, batch["batch_id"], "delivered")


async def _lock_batch(db: asyncpg.Connection, bank: str, file_name: str) -> asyncpg.Record | None:
    """By the name that we gave it. The content is not read: it may be large."""
    row: asyncpg.Record | None = await db.fetchrow(
        """
        select batch_id, state, file_sha256, file_size, payment_count, total_cents, entry_hash
        from batches where bank = $1 and file_name = $2 for update
        """,
        bank,
        file_name,
    )
    return row


async def _set_batch(db: asyncpg.Connection, batch_id: UUID, state: str) -> None:
    await db.execute("update batches set state = $2 where batch_id = $1", batch_id, state)


# Statement


async def _settle(posting: _Posting, movements: Sequence[Movement]) -> None:
    """Debits settle payments. Credits are returns as the statement shows them; the return file is what moves them."""
    debits = [one for one in movements if one.is_debit]
    payments = await lock_by_trace(posting.tx.db, [one.trace for one in debits])
    for movement in debits:
        payment = payments.get(movement.trace)
        if payment is None:
            await posting.found("settled_unknown", cents=movement.cents, detail=movement.trace)
        elif payment.cents != movement.cents:
            await posting.found("settled_other_amount", payment_id=payment.payment_id, cents=movement.cents)
        elif payment.state in ("returned", "refused") and payment.settled_on is None:
            # A return is final; that the bank debits us all the same needs a person.
            await posting.found("settled_after_" + payment.state, payment_id=payment.payment_id)
        elif payment.state == "sent":
            _settle_one(posting, payment, movement)


def _settle_one(posting: _Posting, payment: LockedPayment, movement: Movement) -> None:
    payment.state = "settled"
    payment.settled_on = movement.booked_on
    payment.statement_reference = movement.reference
    posting.move(Step.SETTLED, payment)
    posting.tx.say(
        PaymentSettled(
            payment_id=payment.payment_id,
            batch_id=payment.batch_id,
            amount_cents=payment.cents,
            settled_on=movement.booked_on,
            statement_reference=movement.reference,
            return_window_ends_on=return_window_end(movement.booked_on),
        ),
        key=str(payment.payment_id),
        cause=posting.file.id,
        correlation_id=str(payment.payment_id),
    )


# Returns


async def _take_returns(posting: _Posting, returns: ReturnFile, today: date) -> None:
    payments = await lock_by_trace(posting.tx.db, [one.original_trace for one in returns.returned])
    held: dict[str, tuple[UUID, str]] = {}
    for one in returns.returned:
        payment = payments.get(one.original_trace)
        if payment is None:
            await posting.found(
                "return_unknown", line=one.line, cents=one.amount_cents, detail=one.original_trace
            )
        elif await _is_ours(posting, one, payment) and payment.state in ("sent", "settled"):
            _return_one(posting, payment, one, today)
            held[payment.account_token] = (payment.payee_id, one.code)
            await _look_at_code(posting, one, payment)
    await _hold_accounts(posting, held)
    for change in returns.changes:
        # The account is not edited: a change goes the way of ChangeAccount, with a second person.
        payment = (await lock_by_trace(posting.tx.db, [change.original_trace])).get(change.original_trace)
        await posting.found(
            "notification_of_change",
            payment_id=payment.payment_id if payment else None,
            line=change.line,
            detail=change.code,
        )


async def _is_ours(posting: _Posting, one: ReturnedEntry, payment: LockedPayment) -> bool:
    details: dict[str, object] = {
        "payment_id": payment.payment_id,
        "line": one.line,
        "cents": one.amount_cents,
    }
    if one.amount_cents != payment.cents:
        await posting.found("return_other_amount", **details)
    elif one.company_id != payment.payer_trace_id or not one.is_credit:
        await posting.found("return_other_company", **details)
    elif payment.state == "refused":
        await posting.found("return_of_refused", **details)
    else:
        return True
    return False


async def _look_at_code(posting: _Posting, one: ReturnedEntry, payment: LockedPayment) -> None:
    if one.code == DUPLICATE_ENTRY:
        await posting.found(
            "possible_double_payment", payment_id=payment.payment_id, line=one.line, detail=one.code
        )
    elif one.code in ODD_FOR_CREDITS:
        await posting.found("odd_return_code", payment_id=payment.payment_id, line=one.line, detail=one.code)


def _return_one(posting: _Posting, payment: LockedPayment, one: ReturnedEntry, today: date) -> None:
    step = Step.RETURNED_AFTER_SETTLEMENT if payment.state == "settled" else Step.RETURNED
    payment.state = "returned"
    payment.return_code, payment.returned_on, payment.return_trace = one.code, today, one.trace
    posting.move(step, payment)
    posting.hold_items(payment, Reason.RETURNED)
    posting.tx.say(
        PaymentReturned(
            payment_id=payment.payment_id,
            batch_id=payment.batch_id,
            amount_cents=payment.cents,
            return_code=one.code,
            returned_on=today,
            return_trace=one.trace,
        ),
        key=str(payment.payment_id),
        cause=posting.file.id,
        correlation_id=str(payment.payment_id),
    )


async def _hold_accounts(posting: _Posting, held: dict[str, tuple[UUID, str]]) -> None:
    """Nothing more is paid to an account that gave money back, until it is replaced or verified again."""
    tokens: Iterable[str] = sorted(held)
    rows = await posting.tx.db.fetch(
        "select token from accounts where token = any($1::text[]) and state = 'active' order by token for update",
        list(tokens),
    )
    for ordinal, row in enumerate(rows):
        payee_id, code = held[row["token"]]
        await posting.tx.db.execute(
            "update accounts set state = 'held', return_code = $2 where token = $1", row["token"], code
        )
        posting.tx.say(
            AccountHeld(
                payee_id=payee_id, account_token=row["token"], reason=Reason.ACCOUNT_HELD, return_code=code
            ),
            key=str(payee_id),
            cause=posting.file.id,
            ordinal=ordinal,
        )
