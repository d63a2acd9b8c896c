"""The payment was taken back for good."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import PaymentReversed


def show_reversed(heard: Heard[PaymentReversed], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id, amount_cents=message.amount_cents)
    work.put("payments", payment_id=message.payment_id, reversed_on=message.reversed_on)
