"""A payment is in the bank file: amount, trace number and the day it settles."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import PaymentSent


def show_sent(heard: Heard[PaymentSent], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(
        heard,
        message.payment_id,
        amount_cents=message.amount_cents,
        effective_date=str(message.effective_date),
        trace_number=message.trace_number,
    )
    work.put(
        "payments",
        payment_id=message.payment_id,
        payee_id=message.payee_id,
        payer=message.payer,
        batch_id=message.batch_id,
        amount_cents=message.amount_cents,
        item_count=message.item_count,
        account_mask=message.account_mask,
        trace_number=message.trace_number,
        effective_date=message.effective_date,
        sent_at=heard.envelope.time.isoformat(),
    )
