"""The bank's statement: a debit settles its payment."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from payout.calendar import return_window_end
from payout.camt053 import Movement
from payout.ledger import Step
from payout.payments import LockedPayment, lock_by_trace
from payout.posting import Posting
from payout.take_reversals import settle_reversals
from throughline.payments import PaymentSettled


async def settle(posting: Posting, movements: Sequence[Movement]) -> None:
    """Debits settle payments. Credits settle reversals; others are returns as the statement shows them, and the return
    file is what moves them. A credit of no entry that is known is a finding."""
    movements = await settle_reversals(posting, movements)
    debits = [one for one in movements if one.is_debit]
    payments = await lock_by_trace(posting.tx.db, [one.trace for one in movements])
    for credit in movements:
        if not credit.is_debit and credit.trace not in payments:
            await posting.found("credit_unknown", cents=credit.cents, detail=credit.trace)
    settled: set[UUID] = set()
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
            settled.add(payment.payment_id)
        elif payment.state == "scheduled":
            await posting.found("settled_before_sent", payment_id=payment.payment_id)
        elif payment.payment_id in settled or movement.reference != payment.statement_reference:
            # The statement that settled it may be told again; a second debit is money that left twice.
            await posting.found("settled_twice", payment_id=payment.payment_id, detail=movement.reference)


def _settle_one(posting: Posting, payment: LockedPayment, movement: Movement) -> None:
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
