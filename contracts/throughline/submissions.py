"""What came in: submissions, said by intake."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.answers import Receipt
from throughline.identifiers import PartnerId
from throughline.message import Event, Note, Sha256
from throughline.people import Role
from throughline.requests import PaymentRequest

Version = Annotated[int, Field(ge=1, le=999)]
Channel = Literal["kafka", "http", "837p", "csv", "portal"]


class SubmissionReceived(Event):
    """A version of a request came in whole and is ours to answer for from now on."""

    OF_THE_MOMENT = frozenset({"received_on"})

    request_id: UUID
    version: Version
    replaces_version: Version | None = None
    partner: PartnerId
    channel: Channel
    received_on: date
    """The business date of receipt: timely filing counts to it."""
    payee_id: UUID
    payer_claim_number: str
    """The number given to the request here; it comes back as CLP07 and is named by replacements and voids."""
    receipt: Receipt | None = None
    submitted_by: UUID | None = None
    """The person who sent it, where a person did (``intake.portal``): they cannot approve it."""
    organisation_id: UUID | None = None
    """For which organisation they sent it: what is returned for edits, that organisation mends."""
    request: PaymentRequest


class SubmissionWithdrawn(Event):
    """The partner withdrew a version. Where it was approved, payout must still stop the item."""

    request_id: UUID
    version: Version
    partner: PartnerId
    note: Note | None = None


class AttachmentShown(Event):
    """A person looked at a document of a request: their call was signed, and its bytes were given out."""

    request_id: UUID
    sha256: Sha256
    person_id: UUID
    organisation_id: UUID
    role: Role
