"""Somebody asked to take a bank entry back."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.orders import ReversePayment


def show_asked_reversal(heard: Heard[ReversePayment], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id, note=message.note, actor=message.actor)
