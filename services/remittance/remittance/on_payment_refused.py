"""The bank refused the entry before settlement: nothing was paid, so there is nothing to explain."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import RemittanceWork
from throughline.payments import PaymentRefused


def forget_refused(heard: Heard[PaymentRefused], work: RemittanceWork, say: Say) -> None:
    book = work.payment(heard.message.payment_id)
    book.gone = book.gone or book.settled_cents is None
