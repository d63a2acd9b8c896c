"""A payment left for the bank: its trace number, amount and date, and the count and hash of its items."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import RemittanceWork
from throughline.payments import PaymentSent


def note_sending(heard: Heard[PaymentSent], work: RemittanceWork, say: Say) -> None:
    work.payment(heard.message.payment_id).sent = heard.message
    work.complete(heard.message.payment_id, say)
