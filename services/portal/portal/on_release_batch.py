"""Somebody asked to let a batch leave."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.orders import ReleaseBatch


def show_asked_batch_release(heard: Heard[ReleaseBatch], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.batch_id, note=message.note, actor=message.actor)
