"""The bank sent the payment back, and by which code."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import PaymentReturned


def show_returned(heard: Heard[PaymentReturned], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(
        heard,
        message.payment_id,
        amount_cents=message.amount_cents,
        return_code=message.return_code,
        returned_on=str(message.returned_on),
    )
    work.put(
        "payments",
        payment_id=message.payment_id,
        returned_on=message.returned_on,
        return_code=message.return_code,
    )
