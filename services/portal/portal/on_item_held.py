"""It is not paid until its reason is gone."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.items import ItemHeld


def show_hold(heard: Heard[ItemHeld], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.request_id)
