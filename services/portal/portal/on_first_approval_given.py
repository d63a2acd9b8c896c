"""The first of two people approved it; another must."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.decisions import FirstApprovalGiven


def show_first_approval(heard: Heard[FirstApprovalGiven], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, note=message.note, actor=str(message.approved_by))
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        decision_id=heard.envelope.id,
        assignee=None,
        first_approver=message.approved_by,
        proposed_cents=message.amount_cents,
    )
