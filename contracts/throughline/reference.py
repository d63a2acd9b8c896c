"""Reference data, said by master systems. The entity's version must rise; a lower one is ignored."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from throughline.identifiers import Npi, PartnerId
from throughline.message import Code, Event, Record, Text
from throughline.money import Cents
from throughline.requests import ProgrammeForm
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
    two_approvers_from_cents: Cents | None = None
    """From this amount on two different people approve, where people approve; None: one is enough."""
    edits_max: Annotated[int, Field(ge=0, le=99)] | None = None
    """How many versions of a request may answer what reviewers return for edits; None: any number."""
    appeal_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    """For how many days after a decision the provider can dispute it; None: 365 (28 CCR 1300.71.38)."""
    bank: Code
    """The bank its payments leave by."""
    release: Literal["automatic", "by_person"] | None = None
    """Whether a batch with payments of this payer leaves at its cutoff or waits for ``ReleaseBatch``. None: leaves."""
    required_attachments: Annotated[tuple[RequiredAttachment, ...], Field(max_length=50)] | None = None
    """What a request must carry; without it the request is an exception ``attachment_missing``."""
    coverage_checked: bool | None = None
    """Whether members must be on file and covered on every day of a service. None: nobody's coverage is asked for."""


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
    licence_number: Text | None = None
    licence_expires_on: date | None = None
    """The last day on which the provider may practise. None: no licence is kept on file, and none is asked for."""
    group: Code | None = None
    """The practice or network in which the provider works."""


ProcedureCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{4,8}$")]


class ModifierTerm(Record):
    """What a modifier does to the price of a service, while in force on the service's first day.

    ``share``: the service is paid at this share of its rate (50 bilateral 15,000, 80 assistant, TC and 26 the parts of
    a service); a rate of its own under the modifier goes before. ``multiple`` (51): of the services of one day to which
    the term applies, the dearest is paid in full and the others at this share, once one of them bears the modifier.
    ``separate`` (59): the service stands by itself; ``multiple`` does not touch it.
    """

    modifier: Annotated[str, Field(pattern=r"^[A-Z0-9]{2}$")]
    effect: Literal["share", "multiple", "separate"]
    basis_points: Annotated[int, Field(ge=0, le=100_000)] = 10_000
    """Of 10,000. Not above it with ``multiple``; no meaning with ``separate``."""
    codes: Annotated[tuple[ProcedureCode, ...], Field(max_length=2000)] = ()
    """Empty: every service."""
    effective_from: date
    effective_to: date | None = None

    @model_validator(mode="after")
    def _others_are_not_raised(self) -> ModifierTerm:
        if self.effect == "multiple" and self.basis_points > 10_000:
            raise ValueError("the share of the other services is at most 10,000 basis points")
        return self


class UnitLimit(Record):
    """How many units of a service are covered for one day, while in force on the service's first day."""

    code: ProcedureCode
    units_per_day: Annotated[int, Field(ge=1, le=9_999_999)]
    effective_from: date
    effective_to: date | None = None


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
    modifiers: Annotated[tuple[ModifierTerm, ...], Field(max_length=200)] | None = None
    """What modifiers do to a price. None: only rates that a modifier has of its own count."""
    unit_limits: Annotated[tuple[UnitLimit, ...], Field(max_length=2000)] | None = None
    """Units above the limit are not covered. None: no limits."""
    deductible_cents: Cents | None = None
    """What a member pays in a calendar year, by first service day, before the payer pays. None: nothing."""
    out_of_pocket_max_cents: Cents | None = None
    """The most a member pays in a calendar year: deductible, copay and coinsurance together. None: without end."""


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
    printed: ProgrammeForm | None = None
    """What the agency prints on the programme's form, which nobody who fills it in may alter."""
    units: Annotated[int, Field(ge=1, le=9_999_999)] | None = None
    """How many units of its services it covers in all, over every request that names it. None: any number."""
