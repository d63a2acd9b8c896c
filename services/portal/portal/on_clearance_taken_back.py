"""A reviewer took back that a listed name is somebody else's. No page but audit's tells of it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.exclusions import ClearanceTakenBack


def show_clearance_taken_back(heard: Heard[ClearanceTakenBack], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, actor=str(message.taken_back_by))
