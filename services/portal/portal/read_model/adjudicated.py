"""A claim as decided, as its version's row keeps it: amounts and priced lines, and nobody's name or number."""

from __future__ import annotations

from typing import Any

from chassis import Heard
from portal.read_model.work import ReadModelWork
from throughline.adjudications import Adjudication
from throughline.decisions import Decider
from throughline.reasons import Reason


def put_adjudication(
    work: ReadModelWork,
    heard: Heard[Any],
    claim: Adjudication,
    decision: str,
    reason: Reason | None,
    by: Decider,
) -> None:
    """The decision's columns of the version."""
    message = heard.message
    where = (message.request_id, message.version)
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        decision=decision,
        decision_id=heard.envelope.id,
        decided_at=heard.envelope.time.isoformat(),
        assignee=None,
        first_approver=None,
        may_change=None,
        decided_by=by.actor if by.kind == "person" else None,
        first_decided_by=by.first_actor,
        reason=None if reason is None else reason.value,
        findings=[one.model_dump(mode="json") for one in message.findings],
        lines=[line.model_dump(mode="json") for line in claim.lines],
        proposed_cents=None,
        appeal_until=None if message.appeal_until is None else message.appeal_until.isoformat(),
        dispute_id=None,
        dispute_outcome=None,
        allowed_cents=sum(line.allowed_cents for line in claim.lines),
        paid_cents=claim.paid_cents,
        patient_cents=claim.patient_responsibility_cents,
        other_request_id=None,
        statement=None
        if claim.plain is None
        else work.key.seal(claim.plain.model_dump_json().encode(), "versions.statement", *where),
        note=None if by.note is None else work.key.seal(by.note.encode(), "versions.note", *where),
    )
