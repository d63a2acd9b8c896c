"""The bank's statement shows the entry: time to explain it."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import RemittanceWork
from throughline.payments import PaymentSettled


def post_settled(heard: Heard[PaymentSettled], work: RemittanceWork, say: Say) -> None:
    """A return that came first stays final: such a payment is never remitted."""
    book = work.payment(heard.message.payment_id)
    book.settled_cents, book.settled_by = heard.message.amount_cents, heard.envelope.id
    work.complete(book.payment_id, say)
