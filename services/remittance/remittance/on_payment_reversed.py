"""We took the entry back, for good: its remittance is no longer live, as after a return."""

from __future__ import annotations

from chassis import Heard, Say
from remittance.work import RemittanceWork
from throughline.payments import PaymentReversed


def reverse_taken_back(heard: Heard[PaymentReversed], work: RemittanceWork, say: Say) -> None:
    """Only what was settled is taken back, so a remittance that is still to come is posted and reversed at once."""
    book = work.payment(heard.message.payment_id)
    if book.returned:
        return
    book.returned = True
    if book.state == "posted":
        work.reverse(book, say)
