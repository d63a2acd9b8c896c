"""A partner asks for a payment. Accepted once under its number, then it is validation's to decide."""

from __future__ import annotations

from chassis import Signer
from intake.arrival import Arrival, claim_number_of, payee_id_of
from intake.book import Book, Partner
from intake.domain import Accepted, Decision, may_bill, may_name, may_submit
from intake.unvalidated import made
from throughline.requests import PaymentRequest, SubmitRequest
from throughline.submissions import SubmissionReceived


def submit(
    arrival: Arrival, command: SubmitRequest, partner: Partner, book: Book
) -> tuple[Decision, SubmissionReceived | None]:
    """Refused where the payer is not this partner's, or the number is taken; else version 1."""
    request, request_id = command.request, arrival.request_id
    assert request_id is not None
    decision: Decision = may_bill(request.payer, partner.payers) or may_submit(
        request,
        arrival.body_hash,
        book.requests.get(request_id),
    )
    return accepted(arrival, request, decision, book)


def accepted(
    arrival: Arrival, request: PaymentRequest, decision: Decision, book: Book
) -> tuple[Decision, SubmissionReceived | None]:
    """What is otherwise accepted goes on as a submission if every attachment that it names is here."""
    if not isinstance(decision, Accepted):
        return decision, None
    if request.attachments:
        found = book.attachments_of(arrival, request)
        refused = may_name(request, found.keys())
        if refused is not None:
            return refused, None
        assert arrival.request_id is not None
        book.name(arrival.request_id, payee_id_of(request.payee.kind, request.payee.identifier), found)
    return decision, received(arrival, request, decision, book)


def received(arrival: Arrival, request: PaymentRequest, decision: Accepted, book: Book) -> SubmissionReceived:
    """What is said of an accepted version. Its parts were validated when they were read, and are not again."""
    assert arrival.request_id is not None
    return made(
        SubmissionReceived,
        request_id=arrival.request_id,
        version=decision.version,
        replaces_version=decision.replaces,
        partner=arrival.partner,
        channel=arrival.channel,
        received_on=book.today,
        payee_id=payee_id_of(request.payee.kind, request.payee.identifier),
        payer_claim_number=claim_number_of(arrival.request_id),
        receipt=arrival.receipt,
        submitted_by=arrival.signer.person_id if isinstance(arrival.signer, Signer) else None,
        organisation_id=arrival.signer.organisation_id if isinstance(arrival.signer, Signer) else None,
        request=request,
    )
