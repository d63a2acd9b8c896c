"""A version of a request came in: what was asked, for whom sealed, and where it begins to stand."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.submissions import SubmissionReceived


def show_received(heard: Heard[SubmissionReceived], work: ReadModelWork, say: Say) -> None:
    message, request = heard.message, heard.message.request
    where = (message.request_id, message.version)
    work.tell(
        heard,
        message.request_id,
        channel=message.channel,
        partner=message.partner,
        received_on=str(message.received_on),
        actor=submitter_of(message),
    )
    work.put(
        "versions",
        request_id=message.request_id,
        version=message.version,
        payee_id=message.payee_id,
        partner=message.partner,
        number=request.number,
        payer=request.payer,
        programme=request.programme,
        channel=message.channel,
        frequency=request.frequency,
        replaces_version=message.replaces_version,
        payer_claim_number=message.payer_claim_number,
        received_on=message.received_on,
        received_at=heard.envelope.time.isoformat(),
        submitted_by=submitter_of(message),
        first_service=min(line.from_date for line in request.lines),
        last_service=max(line.to_date for line in request.lines),
        charge_cents=request.total_cents,
        content=work.key.seal(request.model_dump_json().encode(), "versions", *where),
    )


def submitter_of(message: SubmissionReceived) -> str | None:
    """The person who sent it; None where a system did."""
    person = getattr(message, "submitted_by", None)
    return None if person is None else str(person)
