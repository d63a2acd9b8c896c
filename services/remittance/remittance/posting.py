"""From what was decided to the remittance's bytes: the 835 of health claims, the plain remittance of what is none, and
the lines of everything.

Which of the two explains it, the decision says, as its programme's pack does: what is no health-care claim never has an
835 (45 CFR 162.1601).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from remittance.advice import write_csv
from remittance.balance import Unbalanced, check
from remittance.domain import Mismatch
from remittance.plain import check_sums, write_plain
from remittance.transaction import (
    Cas,
    ClaimPayment,
    PayeeParty,
    PayerParty,
    PostalAddress,
    ServicePayment,
    Transaction,
    grouped,
)
from remittance.x12_835 import NotReadBack, write_835
from remittance.x12_text import NotEncodable, identifier, masked, name
from throughline.adjudications import AdjudicatedLine, Adjudication
from throughline.reference import Address, PayerRecorded, ProviderRecorded

Claim = tuple[UUID, int, Adjudication]
"""Request, version, what was decided."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the bank entry says, or that there is none (routings empty, amount 0)."""

    trace_number: str
    amount_cents: int
    effective_date: date
    odfi_routing: str = ""
    rdfi_routing: str = ""
    payee_name: str = ""
    account_mask: str = ""
    payer_trace_id: str = ""
    """TRN03 as the bank entry has it: the payer's TIN on file may be another by now."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else an 835 must name: payer and provider on file, this file's number, the business time, ISA15."""

    payer: PayerRecorded
    provider: ProviderRecorded | None
    control_number: int
    made_at: datetime
    usage: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A balanced remittance, complete."""

    remittance_id: UUID
    payment_id: UUID | None
    claims: tuple[Claim, ...]
    format: Literal["835", "advice"]
    entry: Entry
    content_835: bytes | None
    content_csv: bytes
    content_plain: bytes | None = None

    @property
    def content_sha256(self) -> str:
        return hashlib.sha256(self.content_835 or self.content_plain or self.content_csv).hexdigest()


def post(
    remittance_id: UUID,
    payment_id: UUID | None,
    claims: tuple[Claim, ...],
    entry: Entry,
    around: Surroundings,
) -> Posted | Mismatch:
    """The remittance, or why there is none: sums that part, or a value that X12 cannot carry."""
    try:
        if all(claim.is_explained_by_835 for _, _, claim in claims):
            made = _transaction(claims, entry, around)
            check(made)
            content, plain = write_835(made, usage=around.usage), None
        else:
            check_sums(claims, entry.amount_cents)
            content, plain = None, _plain(claims, entry, around)
    except Unbalanced as error:
        return Mismatch("balance", error.expected_cents, error.found_cents)
    except (NotEncodable, NotReadBack):
        return Mismatch("encoding")
    rows = write_csv(remittance_id, payment_id, entry.trace_number, entry.effective_date, claims)
    form: Literal["835", "advice"] = "advice" if content is None else "835"
    return Posted(remittance_id, payment_id, claims, form, entry, content, rows, plain)


def _plain(claims: tuple[Claim, ...], entry: Entry, around: Surroundings) -> bytes | None:
    return write_plain(
        claims,
        payer=around.payer.name,
        trace_number=entry.trace_number,
        paid_on=entry.effective_date,
        total_cents=entry.amount_cents,
    )


def _transaction(claims: tuple[Claim, ...], entry: Entry, around: Surroundings) -> Transaction:
    payee = claims[0][2].payee
    return Transaction(
        control_number=around.control_number,
        made_at=around.made_at.replace(second=0, microsecond=0),
        amount_cents=entry.amount_cents,
        effective_date=entry.effective_date,
        trace_number=identifier(entry.trace_number, "TRN02", 50),
        odfi_routing=entry.odfi_routing,
        rdfi_routing=entry.rdfi_routing,
        account_mask=masked(entry.account_mask),
        receiver_id=identifier(payee.identifier[:15], "GS03", 15, 2),
        payer=_payer(around.payer, entry.payer_trace_id),
        payee=_payee(claims[0][2], entry, around.provider),
        claims=tuple(_claim(claim) for _, _, claim in claims),
    )


def _payer(payer: PayerRecorded, trace_id: str) -> PayerParty:
    address = _address(payer.address)
    contact = name(payer.contact_name, "PER02", 60)
    trace_id = trace_id or f"1{payer.tin}"
    return PayerParty(name(payer.name, "N102", 60), address, contact, payer.contact_phone, trace_id)


def _payee(claim: Adjudication, entry: Entry, provider: ProviderRecorded | None) -> PayeeParty:
    known = provider.name if provider else entry.payee_name or claim.payee.name or claim.payee.identifier
    tin = claim.payee.tin.reveal()
    by_npi = claim.payee.kind == "npi"
    return PayeeParty(
        name=name(known, "N102", 60),
        qualifier="XX" if by_npi else "FI",
        identifier=identifier(claim.payee.identifier if by_npi else tin, "N104", 80, 2),
        tin=tin,
        address=_address(provider.address) if provider else None,
    )


def _address(address: Address) -> PostalAddress:
    return PostalAddress(
        name(address.street, "N301", 55), name(address.city, "N401", 30, 2), address.state, address.zip
    )


def _claim(claim: Adjudication) -> ClaimPayment:
    subject = claim.subject
    first = subject.first_name.reveal() if subject.first_name else ""
    return ClaimPayment(
        number=identifier(claim.number, "CLP01", 38),
        charge_cents=claim.charge_cents,
        paid_cents=claim.paid_cents,
        patient_cents=claim.patient_responsibility_cents,
        control_number=identifier(claim.payer_claim_number, "CLP07", 50),
        place_of_service=claim.place_of_service or "",
        frequency=claim.frequency,
        last_name=name(subject.last_name.reveal(), "NM103", 60),
        first_name=_optional_name(first, "NM104", 35),
        member_id=identifier(subject.member_id.reveal(), "NM109", 80, 2),
        rendering_npi=claim.rendering_provider or "",
        lines=tuple(_line(line) for line in claim.lines),
    )


def _optional_name(value: str, element: str, longest: int) -> str:
    try:
        return name(value, element, longest)
    except NotEncodable:
        return ""


def _line(line: AdjudicatedLine) -> ServicePayment:
    adjustments = tuple(Cas(one.group, one.carc, one.amount_cents) for one in line.adjustments)
    remarks = dict.fromkeys(one.rarc for one in line.adjustments if one.rarc)
    return ServicePayment(
        code=identifier(line.code, "SVC01", 48),
        modifiers=line.modifiers,
        charge_cents=line.charge_cents,
        paid_cents=line.paid_cents,
        units_thousandths=line.units_thousandths,
        from_date=line.from_date,
        to_date=line.to_date,
        adjustments=grouped(adjustments),
        line_id=identifier(line.line_id, "REF02", 50),
        allowed_cents=line.allowed_cents,
        remarks=tuple(remarks),
    )
