"""The entry that takes the payment back stands in a bank file."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import ReversalScheduled


def show_reversal_scheduled(heard: Heard[ReversalScheduled], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id, amount_cents=message.amount_cents)
