"""Reference data, said by master systems. The entity's version must rise; a lower one is ignored."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.identifiers import Npi, PartnerId
from throughline.message import Code, Event, Record, Text
from throughline.money import Cents
from throughline.sensitive import Sensitive, SensitiveTin

EntityVersion = Annotated[int, Field(ge=1)]
Routing = Annotated[str, Field(pattern=r"^[0-9]{9}$")]


class PartnerRegistered(Event):
    """A partner may send. Its topics exist before this is said."""

    partner: PartnerId
    version: EntityVersion
    name: Text
    active: bool = True
    payers: tuple[Code, ...] = ()
    """Payers it may bill; empty means any."""
    api_key_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Address(Record):
    """A postal address in the United States; ``zip`` without the hyphen."""

    street: Text
    city: Text
    state: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    zip: Annotated[str, Field(pattern=r"^[0-9]{5}([0-9]{4})?$")]


class RequiredAttachment(Record):
    """A document that a payer asks for with these services, by the first day of a service. No code: with all."""

    type: Code
    codes: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]{4,8}$")], ...], Field(max_length=500)
    ] = ()
    effective_from: date
    effective_to: date | None = None


class PayerRecorded(Event):
    """A payer: how much it lets pay without review, and what its bank files and 835s say of it."""

    payer: Code
    version: EntityVersion
    name: Text
    tin: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    address: Address
    contact_name: Text
    contact_phone: Annotated[str, Field(pattern=r"^[0-9]{10}$")]
    auto_approve_below_cents: Cents
    second_approval_cents: Cents | None = None
    """From this amount on an approval by a person needs their passkey; None: from ``auto_approve_below_cents`` on."""
    bank: Code
    """The bank its payments leave by."""
    release: Literal["automatic", "by_person"] | None = None
    """Whether a batch with payments of this payer leaves at its cutoff or waits for ``ReleaseBatch``. None: leaves."""
    required_attachments: Annotated[tuple[RequiredAttachment, ...], Field(max_length=50)] | None = None
    """What a request must carry; without it the request is an exception ``attachment_missing``."""


class ProviderRecorded(Event):
    """A provider on file. ``payable_to`` None means without end."""

    payee_id: UUID
    version: EntityVersion
    kind: Literal["npi", "programme"]
    identifier: Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9-]+$")]
    npi: Npi | None = None
    tin: SensitiveTin
    name: Text
    address: Address
    active: bool = True
    enrolled_from: date
    enrolled_to: date | None = None


class ContractRecorded(Event):
    """Terms between a payer and a provider, or with every provider where ``payee_id`` is None."""

    contract_id: Code
    version: EntityVersion
    payer: Code
    payee_id: UUID | None = None
    fee_schedule: Code
    effective_from: date
    effective_to: date | None = None
    timely_filing_days: Annotated[int, Field(ge=1, le=36500)]
    copay_cents: Cents = 0
    coinsurance_basis_points: Annotated[int, Field(ge=0, le=10_000)] = 0
    authorisation_codes: tuple[str, ...] = ()
    """Procedure codes that need an authorisation."""


class Rate(Record):
    """What one unit of a service is worth while in force. A modifier None prices the code without one."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,8}$")]
    modifier: Annotated[str, Field(pattern=r"^[A-Z0-9]{2}$")] | None = None
    amount_cents: Cents
    effective_from: date
    effective_to: date | None = None


class FeeScheduleRecorded(Event):
    """What services are worth, by code, modifier and date."""

    fee_schedule: Code
    version: EntityVersion
    rates: Annotated[tuple[Rate, ...], Field(max_length=5000)]


class AuthorisationRecorded(Event):
    """A payer authorised services for a member by a provider."""

    number: Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9-]+$")]
    version: EntityVersion
    payer: Code
    payee_id: UUID
    member_id: Sensitive
    codes: tuple[str, ...] = ()
    """Empty covers every service."""
    valid_from: date
    valid_to: date
    active: bool = True
