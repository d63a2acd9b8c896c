"""A command changed nothing, and why."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.decisions import CommandRefused


def show_refusal(heard: Heard[CommandRefused], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.put(
        "refusals",
        id=heard.envelope.id,
        command_id=message.command_id,
        command_type=message.command_type,
        reason=message.reason.value,
        detail=message.detail,
        request_id=message.request_id,
        refused_at=heard.envelope.time.isoformat(),
    )
    if message.request_id is not None:
        work.tell(heard, message.request_id, command=message.command_type)
