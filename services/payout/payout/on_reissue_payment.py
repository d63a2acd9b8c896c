"""ReissuePayment: what came back is paid again, as a new payment to an account that is in order by now."""

from __future__ import annotations

from chassis import Heard, Say
from payout.believed import forbidden, person_of
from payout.domain import OrderedPayment, Payable, refuse_reissue
from payout.orders_work import OrdersWork
from payout.refuse import refuse_payment_order
from throughline.orders import ReissuePayment
from throughline.payments import PaymentReissued
from throughline.reasons import Reason


def reissue(heard: Heard[ReissuePayment], work: OrdersWork, say: Say) -> None:
    """Its items wait for the next cutoff, in their order of business: batch, trace number and 835 are new. Once for a
    payment, for ever; where the new payment comes back too, that one is reissued."""
    order = heard.message
    if not person_of(heard).stepped_up:
        forbidden(heard, say, Reason.STEP_UP_MISSING)
        return
    payment = work.payment(order.payment_id)
    account = None if payment is None else work.account_of(payment.payee_id)
    refusal = refuse_reissue(payment, account, work.today) or _stale(order, payment, account)
    if refusal is not None or payment is None:
        refuse_payment_order(heard, say, refusal or Reason.UNKNOWN_SUBJECT, order.payment_id)
        return
    work.reissue(payment, order.actor, heard.envelope.id)
    say(
        PaymentReissued(
            payment_id=payment.payment_id,
            item_count=payment.owed_count,
            amount_cents=payment.owed_cents,
            note=order.note,
            actor=order.actor,
        ),
        key=str(payment.payment_id),
    )


def _stale(order: ReissuePayment, payment: OrderedPayment | None, account: Payable | None) -> Reason | None:
    """What the person saw, where the order says it, is what is there."""
    sum_holds = payment is None or order.amount_cents in (None, payment.cents)
    account_holds = account is None or order.account_mask in (None, account.mask)
    return None if sum_holds and account_holds else Reason.STALE_AMOUNT
