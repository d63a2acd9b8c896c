"""Somebody asked not to pay an item for now."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.orders import HoldItem


def show_asked_hold(heard: Heard[HoldItem], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, note=message.note, actor=message.actor)
