"""Somebody asked not to let a batch leave for now."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.orders import HoldBatch


def show_asked_batch_hold(heard: Heard[HoldBatch], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.batch_id, note=message.note, actor=message.actor)
