"""Remittances: the 835 that explains a payment, or why nothing is paid."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.message import Event, Sha256
from throughline.money import TotalCents
from throughline.payments import TraceNumber
from throughline.submissions import Version


class RemittancePosted(Event):
    """A balanced remittance is posted: of a payment, or of one request's decision that pays nothing."""

    remittance_id: UUID
    payment_id: UUID | None = None
    request_id: UUID | None = None
    version: Version | None = None
    payer: str
    payee_id: UUID
    format: Literal["835", "advice"]
    amount_cents: TotalCents
    claim_count: Annotated[int, Field(ge=1)]
    trace_number: TraceNumber
    effective_date: date
    content_sha256: Sha256
    supersedes: Annotated[tuple[UUID, ...], Field(min_length=1)] | None = None
    """Remittances of payments that came back and whose claims this one pays again."""


class RemittanceReversed(Event):
    """The remittance is no longer live: its payment came back."""

    remittance_id: UUID
    payment_id: UUID
    amount_cents: TotalCents


class RemittanceSuperseded(Event):
    """The remittance of a decision that paid nothing is no longer live: a later version of the request was decided."""

    remittance_id: UUID
    request_id: UUID
    version: Version


class MismatchFound(Event):
    """Decision, items, bank and remittance do not agree; nothing is posted until a person has looked."""

    subject: Literal["payment", "request"]
    payment_id: UUID | None = None
    request_id: UUID | None = None
    what: Literal["items_hash", "item_count", "amount", "balance", "encoding"]
    expected_cents: int | None = None
    found_cents: int | None = None
