"""A dispute is over: the decision stands, or the next version is decided anew."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.decisions import DisputeDecided


def show_end_of_dispute(heard: Heard[DisputeDecided], work: ReadModelWork, say: Say) -> None:
    message, by = heard.message, heard.message.decided_by
    work.tell(heard, message.request_id, note=by.note, actor=by.actor, by=by.kind, outcome=message.outcome)
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        dispute_outcome=message.outcome,
    )
