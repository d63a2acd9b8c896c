"""The bank's returns: the money is back, the items are held, and so is the account that gave it back."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from payout.domain import DUPLICATE_ENTRY, ODD_FOR_CREDITS
from payout.ledger import Step
from payout.nacha import ReturnedEntry, ReturnFile
from payout.payments import LockedPayment, lock_by_trace
from payout.posting import Posting
from payout.take_reversals import take_returned_reversals
from throughline.accounts import AccountHeld
from throughline.payments import PaymentReturned
from throughline.reasons import Reason


async def take_returns(posting: Posting, returns: ReturnFile, today: date) -> None:
    returned = await take_returned_reversals(posting, returns.returned, today)
    traces = [one.original_trace for one in returned] + [one.original_trace for one in returns.changes]
    payments = await lock_by_trace(posting.tx.db, traces)
    held: dict[str, tuple[UUID, str]] = {}
    for one in returned:
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
        payment = payments.get(change.original_trace)
        await posting.found(
            "notification_of_change",
            payment_id=payment.payment_id if payment else None,
            line=change.line,
            detail=change.code,
        )


async def _is_ours(posting: Posting, one: ReturnedEntry, payment: LockedPayment) -> bool:
    details: dict[str, object] = {
        "payment_id": payment.payment_id,
        "line": one.line,
        "cents": one.amount_cents,
    }
    if one.amount_cents != payment.cents:
        await posting.found("return_other_amount", **details)
    elif one.company_id != payment.payer_trace_id or not one.is_credit:
        await posting.found("return_other_company", **details)
    elif payment.state in ("refused", "scheduled", "reversed"):
        await posting.found("return_of_" + payment.state, **details)
    else:
        return True
    return False


async def _look_at_code(posting: Posting, one: ReturnedEntry, payment: LockedPayment) -> None:
    if one.code == DUPLICATE_ENTRY:
        await posting.found(
            "possible_double_payment", payment_id=payment.payment_id, line=one.line, detail=one.code
        )
    elif one.code in ODD_FOR_CREDITS:
        await posting.found("odd_return_code", payment_id=payment.payment_id, line=one.line, detail=one.code)


def _return_one(posting: Posting, payment: LockedPayment, one: ReturnedEntry, today: date) -> None:
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


async def _hold_accounts(posting: Posting, held: dict[str, tuple[UUID, str]]) -> None:
    """Nothing more is paid to an account that gave money back, until it is replaced or verified again."""
    rows = await posting.tx.db.fetch(
        "select token from accounts where token = any($1::text[]) and state = 'active' order by token for update",
        sorted(held),
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
