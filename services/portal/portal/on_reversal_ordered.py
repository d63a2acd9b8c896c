"""A person ordered that the payment is taken back."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.payments import ReversalOrdered


def show_reversal_ordered(heard: Heard[ReversalOrdered], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(
        heard, message.payment_id, note=message.note, actor=message.actor, amount_cents=message.amount_cents
    )
