"""It waits for the next cutoff again."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.items import ItemReleased


def show_release(heard: Heard[ItemReleased], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.request_id)
