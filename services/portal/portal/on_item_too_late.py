"""It could not be stopped any more."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.items import ItemTooLate


def show_too_late(heard: Heard[ItemTooLate], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.request_id)
