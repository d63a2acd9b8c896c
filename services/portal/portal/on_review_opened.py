"""A person must decide: why, and what would be paid."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.pay_clock import running
from portal.read_model.work import ReadModelWork
from throughline.decisions import ReviewOpened


def show_review(heard: Heard[ReviewOpened], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id)
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        decision="review",
        decision_id=heard.envelope.id,
        decided_at=heard.envelope.time.isoformat(),
        assignee=None,
        first_approver=None,
        may_change=None,
        decided_by=None,
        appeal_until=None,
        dispute_id=None,
        dispute_outcome=None,
        reason=message.reasons[0].value,
        findings=[one.model_dump(mode="json") for one in message.findings],
        proposed_cents=message.proposed_cents,
        other_request_id=None,
        note=None,
        **running(message.pay_by),
    )
