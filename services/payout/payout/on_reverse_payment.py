"""ReversePayment: a settled bank entry is taken back by one of ours, in the next file, where the rules allow it."""

from __future__ import annotations

from chassis import Heard, Say
from payout.believed import forbidden, person_of
from payout.orders_work import OrdersWork
from payout.refuse import refuse_payment_order
from payout.reversals import last_day_to_reverse, refuse_reversal
from throughline.orders import ReversePayment
from throughline.payments import ReversalOrdered
from throughline.reasons import Reason


def reverse(heard: Heard[ReversePayment], work: OrdersWork, say: Say) -> None:
    """Two people ask for it, for a cause that the rules name, within five banking days of settlement, once. Nothing
    moves yet: the entry leaves with the next window, and the payment is reversed when the bank has taken the money
    back for good."""
    order = heard.message
    if not person_of(heard).stepped_up:
        forbidden(heard, say, Reason.STEP_UP_MISSING)
        return
    payment = work.payment(order.payment_id)
    if payment is None or order.cause is None:
        reason = Reason.UNKNOWN_SUBJECT if payment is None else Reason.MISSING
        refuse_payment_order(heard, say, reason, order.payment_id)
        return
    last_day = None if payment.settled_on is None else last_day_to_reverse(payment.settled_on)
    refusal = refuse_reversal(
        payment.state,
        payment.reversal_failure,
        payment.has_reversal,
        last_day,
        work.next_effective(payment.bank),
    )
    if refusal is not None or last_day is None:
        refuse_payment_order(heard, say, refusal or Reason.NOT_ALLOWED_NOW, order.payment_id)
        return
    work.reverse(payment, order.cause, order.actor, last_day)
    say(
        ReversalOrdered(
            payment_id=payment.payment_id,
            amount_cents=payment.cents,
            cause=order.cause,
            last_day=last_day,
            note=order.note,
            actor=order.actor,
        ),
        key=str(payment.payment_id),
    )
