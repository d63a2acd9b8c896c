"""Somebody asked to pay a held item."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.orders import ReleaseItem


def show_asked_release(heard: Heard[ReleaseItem], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, note=message.note, actor=message.actor)
