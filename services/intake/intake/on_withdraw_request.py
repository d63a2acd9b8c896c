"""A partner asks not to be paid after all. Whether a payment can still be stopped is not ours to say."""

from __future__ import annotations

from intake.arrival import Arrival
from intake.book import Book
from intake.domain import Accepted, Decision, may_withdraw
from intake.unvalidated import made
from throughline.requests import WithdrawRequest
from throughline.submissions import SubmissionWithdrawn


def withdraw(
    arrival: Arrival, command: WithdrawRequest, book: Book
) -> tuple[Decision, SubmissionWithdrawn | None]:
    """Names the current version of a request that has not ended."""
    request_id = arrival.request_id
    assert request_id is not None
    decision = may_withdraw(command.version, book.requests.get(request_id))
    if not isinstance(decision, Accepted):
        return decision, None
    return decision, made(
        SubmissionWithdrawn,
        request_id=request_id,
        version=decision.version,
        partner=arrival.partner,
        note=command.note,
    )
