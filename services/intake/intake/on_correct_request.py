"""A partner replaces (frequency 7) or voids (frequency 8) what was sent before: its next version."""

from __future__ import annotations

from intake.arrival import Arrival, claim_number_of
from intake.book import Book, Partner
from intake.domain import Decision, may_bill, may_correct
from intake.on_submit_request import accepted
from throughline.requests import CorrectRequest
from throughline.submissions import SubmissionReceived


def correct(
    arrival: Arrival, command: CorrectRequest, partner: Partner, book: Book
) -> tuple[Decision, SubmissionReceived | None]:
    """Versions come in order: a lower one is stale, a higher one leaves a gap, both are refused."""
    request, request_id = command.request, arrival.request_id
    assert request_id is not None
    decision: Decision = may_bill(request.payer, partner.payers) or may_correct(
        request,
        arrival.body_hash,
        book.requests.get(request_id),
        claim_number_of(request_id),
    )
    return accepted(arrival, request, decision, book)
