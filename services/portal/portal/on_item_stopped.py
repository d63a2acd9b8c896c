"""It will never be paid under this decision."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.items import ItemStopped


def show_stop(heard: Heard[ItemStopped], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.request_id)
