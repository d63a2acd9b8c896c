"""Do the bank, payout and the decisions say the same of a payment? Only then is it remitted."""

from __future__ import annotations

from typing import Literal

from remittance.domain import Mismatch, PaymentBook, items_hash

Verdict = Mismatch | Literal["waiting", "over", "agreed"]


def reconcile(book: PaymentBook) -> Verdict:
    """In this order: is there anything left to do, is everything heard, does every sum agree.

    Nothing is called a mismatch before all items and approvals are heard: a message on its way is not a fault.
    """
    if book.state != "open" or book.gone:
        return "over"
    if not book.could_be_complete or book.sent is None or book.settled_cents is None:
        return "waiting"
    sent, items = book.sent, list(book.items.values())
    if len(items) > sent.item_count:
        return Mismatch("item_count")
    if len(items) < sent.item_count or not all(item.is_approved for item in items):
        return "waiting"
    if items_hash(items) != sent.items_hash:
        return Mismatch("items_hash")
    scheduled = sum(item.cents for item in items)
    if scheduled != sent.amount_cents:
        return Mismatch("amount", sent.amount_cents, scheduled)
    if book.settled_cents != sent.amount_cents:
        return Mismatch("amount", sent.amount_cents, book.settled_cents)
    for item in items:
        if not item.cents == item.adjudication.paid_cents == item.approved_cents:
            return Mismatch("amount", item.approved_cents, item.adjudication.paid_cents)
        if item.approved_hash != item.content_hash:
            return Mismatch("balance", item.approved_cents, item.cents)
    return "agreed"
