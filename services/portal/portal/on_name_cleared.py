"""A reviewer found that a name on an exclusion list is somebody else's. No page but audit's tells of it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.exclusions import NameCleared


def show_name_cleared(heard: Heard[NameCleared], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, actor=str(message.cleared_by))
