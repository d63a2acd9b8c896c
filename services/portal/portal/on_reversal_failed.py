"""The payment was not taken back: the payee keeps it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import ReversalFailed


def show_reversal_failed(heard: Heard[ReversalFailed], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id, amount_cents=message.amount_cents)
