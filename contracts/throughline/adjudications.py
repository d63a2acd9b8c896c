"""The claim as adjudicated: priced lines whose adjustments explain every cent."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from throughline.identifiers import PartnerId
from throughline.message import Record
from throughline.money import Cents, Currency, SignedCents, TotalCents
from throughline.programmes import (
    BEFORE_PACKS,
    HEALTH_CLAIM_ENTRY,
    MEDICAL,
    BankEntry,
    PlainStatement,
    Programme,
)
from throughline.requests import Payee, RequestNumber, Subject


class Adjustment(Record):
    """Why a line is paid differently from its charge: CAS group, claim adjustment reason code, amount.

    A positive amount pays less. Groups: CO contractual, PR patient, PI payer initiated, OA other.
    """

    group: Literal["CO", "PR", "PI", "OA"]
    carc: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,5}$")]
    amount_cents: SignedCents
    rarc: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,5}$")] | None = None


class AdjudicatedLine(Record):
    """One line with its price. charge - sum of adjustments = paid, always (835, 2110 loop)."""

    line_id: str
    from_date: date
    to_date: date
    code: str
    modifiers: tuple[str, ...] = ()
    units_thousandths: int
    charge_cents: Cents
    allowed_cents: Cents
    paid_cents: Cents
    adjustments: tuple[Adjustment, ...] = ()


class Adjudication(Record):
    """A claim as decided: everything that its remittance must say."""

    partner: PartnerId
    number: RequestNumber
    payer_claim_number: str
    payer: str
    programme: Programme
    payee: Payee
    payee_id: UUID
    subject: Subject
    frequency: Literal["1", "7", "8"]
    place_of_service: str | None = None
    rendering_provider: str | None = None
    contract_id: str | None = None
    charge_cents: TotalCents
    paid_cents: TotalCents
    patient_responsibility_cents: TotalCents
    currency: Currency = "USD"
    lines: tuple[AdjudicatedLine, ...]
    entry: BankEntry | None = None
    """The bank entry that pays it, as its programme's pack says. None: a health-care claim, or decided before packs."""
    plain: PlainStatement | None = None
    """What its remittance says instead of an 835, where the pack asks for a plain one."""

    @property
    def bank_entry(self) -> BankEntry:
        """By which bank entry it is paid. Raises KeyError where nothing is paid and no entry is known."""
        return self.entry or BEFORE_PACKS[self.programme]

    @property
    def is_explained_by_835(self) -> bool:
        """An 835 is for health-care claims; what is explained plainly never has one (45 CFR 162.1601)."""
        return self.plain is None and (self.entry is not None or self.programme == MEDICAL)

    @model_validator(mode="after")
    def _balances(self) -> Adjudication:
        """One pass over all lines: each adjudication is validated by who says it and by everyone who hears it."""
        charge = paid = patient = 0
        for line in self.lines:
            adjusted = 0
            for one in line.adjustments:
                adjusted += one.amount_cents
                if one.group == "PR":
                    patient += one.amount_cents
            if line.charge_cents - adjusted != line.paid_cents:
                raise ValueError("a line's charge less its adjustments is not what it pays")
            charge += line.charge_cents
            paid += line.paid_cents
        if charge != self.charge_cents:
            raise ValueError("line charges do not sum to the charge")
        if paid != self.paid_cents:
            raise ValueError("line payments do not sum to what is paid")
        if patient != self.patient_responsibility_cents:
            raise ValueError("PR adjustments do not sum to the patient's responsibility")
        if paid and self.entry is None and self.programme not in BEFORE_PACKS:
            raise ValueError("what is paid names the bank entry of its programme")
        if self.plain is not None and (self.programme == MEDICAL or self.entry == HEALTH_CLAIM_ENTRY):
            raise ValueError("a health-care claim's payment is explained by an 835")
        return self
