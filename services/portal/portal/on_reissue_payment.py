"""Somebody asked to pay a returned payment again."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.orders import ReissuePayment


def show_asked_reissue(heard: Heard[ReissuePayment], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.payment_id, note=message.note, actor=message.actor)
