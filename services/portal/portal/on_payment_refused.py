"""The payment came to nothing before it moved: the bank refused it, or it was taken out of a batch that waited."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import PaymentRefused


def show_payment_refused(heard: Heard[PaymentRefused], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id)
    work.put("payments", payment_id=message.payment_id, refused=message.reason.value)
