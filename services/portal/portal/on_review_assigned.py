"""Who looks at a review or an exception from now on."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.decisions import ReviewAssigned


def show_assignment(heard: Heard[ReviewAssigned], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, actor=str(message.assigned_by))
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        assignee=message.assignee,
    )
