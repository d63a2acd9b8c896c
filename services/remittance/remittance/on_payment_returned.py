"""The bank sent the entry back: its remittance is no longer live, and one not yet posted never will be."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import RemittanceWork
from throughline.payments import PaymentReturned


def reverse_returned(heard: Heard[PaymentReturned], work: RemittanceWork, say: Say) -> None:
    """Settled first, its items still on their way: it is posted when they come, and reversed in the same moment."""
    book = work.payment(heard.message.payment_id)
    if book.returned:
        return
    book.returned = True
    book.gone = book.gone or book.settled_cents is None
    if book.state == "posted":
        work.reverse(book, say)
