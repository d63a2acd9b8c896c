"""A remittance as an 835 says it: one payment (or none), the claims it covers, their lines and adjustments.

Amounts are cents. Texts are already what X12 can carry (``x12_text``), so that what is read back can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class PostalAddress:
    street: str
    city: str
    state: str
    zip: str


@dataclass(frozen=True, slots=True)
class PayerParty:
    """Loop 1000A. ``trace_id`` is TRN03 and BPR10: 1 and the payer's TIN."""

    name: str
    address: PostalAddress
    contact_name: str
    contact_phone: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class PayeeParty:
    """Loop 1000B. ``qualifier`` XX with an NPI, FI with a TIN."""

    name: str
    qualifier: str
    identifier: str
    tin: str
    address: PostalAddress | None


@dataclass(frozen=True, slots=True)
class Cas:
    """One adjustment: CAS group, claim adjustment reason code, amount. A positive amount pays less."""

    group: str
    reason: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class ServicePayment:
    """Loop 2110."""

    code: str
    modifiers: tuple[str, ...]
    charge_cents: int
    paid_cents: int
    units_thousandths: int
    from_date: date
    to_date: date
    adjustments: tuple[Cas, ...]
    line_id: str
    allowed_cents: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimPayment:
    """Loop 2100. ``number`` is the provider's own (CLM01), unchanged; ``control_number`` the payer's (CLP07)."""

    number: str
    charge_cents: int
    paid_cents: int
    patient_cents: int
    control_number: str
    place_of_service: str
    frequency: str
    last_name: str
    first_name: str
    member_id: str
    rendering_npi: str
    lines: tuple[ServicePayment, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One 835. Routings and the masked account are empty where nothing is paid."""

    control_number: int
    made_at: datetime
    amount_cents: int
    effective_date: date
    trace_number: str
    odfi_routing: str
    rdfi_routing: str
    account_mask: str
    receiver_id: str
    payer: PayerParty
    payee: PayeeParty
    claims: tuple[ClaimPayment, ...]

    @property
    def is_payment(self) -> bool:
        return self.amount_cents > 0


def grouped(adjustments: tuple[Cas, ...]) -> tuple[Cas, ...]:
    """In the order in which CAS segments carry them: by group, each where its first stood."""
    first = {one.group: place for place, one in reversed(list(enumerate(adjustments)))}
    return tuple(sorted(adjustments, key=lambda one: first[one.group]))
