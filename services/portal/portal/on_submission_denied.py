"""It will not be paid, and why."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.adjudicated import put_adjudication
from portal.read_model.work import ReadModelWork
from throughline.decisions import SubmissionDenied


def show_denial(heard: Heard[SubmissionDenied], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(
        heard,
        message.request_id,
        note=message.decided_by.note,
        actor=message.decided_by.actor,
        by=message.decided_by.kind,
    )
    put_adjudication(work, heard, message.adjudication, "denied", message.reason, message.decided_by)
