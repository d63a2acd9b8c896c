"""A claim of an 837P or CSV file asks for a payment, replaces one, or voids one. We number the versions."""

from __future__ import annotations

from uuid import UUID

from intake.answering import Answered, refused, settled
from intake.arrival import Arrival
from intake.book import Book, Original, Partner
from intake.domain import Accepted, Decision, may_bill, may_claim
from intake.on_submit_request import accepted
from intake.untrusted import Breach, Understood
from throughline.answers import Problem
from throughline.identifiers import request_id_for
from throughline.requests import PaymentRequest


def claim(arrival: Arrival, request: PaymentRequest, partner: Partner, book: Book) -> Answered:
    """The request it is about is the one whose claim number it names, else the one that shares its number. It must be
    the same payee's: a request is one payee's for ever, and what another one did is another request."""
    assert isinstance(arrival.reading, Understood)
    if request.frequency != "1" and request.payer_claim_number is not None:
        arrival.request_id = _named(arrival.partner, request, book.originals.get(request.payer_claim_number))
    known = None if arrival.request_id is None else book.requests.get(arrival.request_id)
    decision: Decision = may_bill(request.payer, partner.payers) or may_claim(
        request, arrival.body_hash, known
    )
    if isinstance(decision, Accepted):
        request = request.model_copy(update={"version": decision.version})
    decision, submission = accepted(arrival, request, decision, book)
    return settled(arrival, decision, submission, request.number, book)


def _named(partner: str, request: PaymentRequest, original: Original | None) -> UUID | None:
    if original is None:
        return None
    payee = request.payee
    same = request_id_for(partner, payee.kind, payee.identifier, original.number) == original.request_id
    return original.request_id if same else None


def unreadable_claim(
    arrival: Arrival, problems: tuple[Problem, ...], number: str | None, book: Book
) -> Answered:
    """A claim that cannot become a request: refused, with where and why."""
    assert isinstance(arrival.reading, Breach)
    return refused(arrival, problems, book, number=number)
