"""It is stopped until somebody mends it: what does not hold, in which field, and how to mend it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.pay_clock import stopped
from portal.read_model.work import ReadModelWork
from throughline.decisions import SubmissionExcepted


def show_exception(heard: Heard[SubmissionExcepted], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, note=message.note)
    where = (message.request_id, message.version)
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        decision="excepted",
        decision_id=heard.envelope.id,
        decided_at=heard.envelope.time.isoformat(),
        assignee=None,
        first_approver=None,
        may_change=None if message.fields is None else list(message.fields),
        decided_by=None,
        appeal_until=None,
        dispute_id=None,
        dispute_outcome=None,
        reason=message.reason.value,
        findings=[one.model_dump(mode="json") for one in message.findings],
        proposed_cents=None,
        other_request_id=message.other_request_id,
        note=None if message.note is None else work.key.seal(message.note.encode(), "versions.note", *where),
        **stopped(heard.envelope.time.date()),
    )
