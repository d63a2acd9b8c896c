"""What is said of a remittance, and the trace number of one without payment."""

from __future__ import annotations

from uuid import UUID

from remittance.domain import Mismatch
from remittance.posting import Posted
from throughline.adjudications import Adjudication
from throughline.remittances import MismatchFound, RemittancePosted


def trace_without_payment(claim: Adjudication, version: int, remittance_id: UUID) -> str:
    """A TRN02 of its own where no money moves: the claim number and version, which no other remittance has."""
    number = claim.payer_claim_number
    return (
        f"N{number}{version:03d}"
        if number.isalnum() and len(number) <= 40
        else f"N{remittance_id.hex.upper()}"
    )


def posted_event(one: Posted, supersedes: tuple[UUID, ...] | None = None) -> RemittancePosted:
    request_id, version, first = one.claims[0]
    alone = one.payment_id is None
    return RemittancePosted(
        remittance_id=one.remittance_id,
        payment_id=one.payment_id,
        request_id=request_id if alone else None,
        version=version if alone else None,
        payer=first.payer,
        payee_id=first.payee_id,
        format=one.format,
        amount_cents=one.entry.amount_cents,
        claim_count=len(one.claims),
        trace_number=one.entry.trace_number,
        effective_date=one.entry.effective_date,
        content_sha256=one.content_sha256,
        supersedes=supersedes,
    )


def mismatch_event(
    one: Mismatch, *, payment_id: UUID | None = None, request_id: UUID | None = None
) -> MismatchFound:
    return MismatchFound(
        subject="payment" if payment_id else "request",
        payment_id=payment_id,
        request_id=request_id,
        what=one.what,
        expected_cents=one.expected_cents,
        found_cents=one.found_cents,
    )
