"""What a gathered claim asks for: a payment request, or every reason why there is none, by segment and element.

Structure and form only. Whether the claim is right (totals, check digits, dates in force) is validation's to say. What
the request cannot carry and what would change who is paid is refused rather than dropped: secondary claims, payments
by others, unassigned benefits, several rendering providers, encounters.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import ValidationError

from intake.quantity import thousandths_of
from intake.x12.claim_loops import GatheredClaim, GatheredLine, line_rendering
from intake.x12.claim_source import located
from intake.x12.tokenizer import Segment, X12Error
from throughline.message import field_problems
from throughline.money import cents_of
from throughline.reasons import Reason
from throughline.requests import DIAGNOSES_MAX, PaymentRequest

ICD_10_FROM = date(2015, 10, 1)
"""Services before it are coded in ICD-9 (HI qualifiers BK, BF), from it on in ICD-10 (ABK, ABF); 45 CFR 162.1002."""
DIAGNOSIS_QUALIFIERS = {"ABK": 10, "ABF": 10, "BK": 9, "BF": 9}


def request_of(claim: GatheredClaim) -> tuple[PaymentRequest | None, list[X12Error]]:
    """The request, or the errors that stand against it; never both, never neither."""
    if claim.unread is not None:
        return None, [claim.unread]
    reading = _Reading(claim)
    fields = reading.fields()
    if reading.errors:
        return None, reading.errors
    try:
        return PaymentRequest.model_validate(fields), []
    except ValidationError as error:
        return None, located(claim, field_problems(error))


class _Reading:
    def __init__(self, claim: GatheredClaim) -> None:
        self._claim = claim
        patient = claim.patient.errors if claim.patient else []
        self.errors = [*claim.billing.errors, *claim.subscriber.errors, *patient, *claim.errors]

    def fields(self) -> dict[str, Any]:
        """The request as plain values. Whatever is amiss is added to ``errors``."""
        claim = self._claim
        self._payable_here()
        lines = tuple(self._line(line) for line in claim.lines)
        if not lines:
            self._wrong(claim.clm, Reason.SEGMENT, "the claim has no line; each service needs LX and SV1")
        place = claim.clm.components(5)
        return {
            "number": claim.clm.element(1),
            "frequency": place[2] if len(place) > 2 else "",
            "payer_claim_number": self._reference("F8"),
            "payer": self._payer(),
            "payee": self._payee(),
            "rendering_provider": self._rendering(),
            "subject": self._subject(),
            "lines": lines,
            "diagnoses": self._diagnoses(lines),
            "place_of_service": place[0] or None,
            "total_cents": self._money(claim.clm, 2),
            "currency": "USD",
            "contract_id": (claim.contract.element(4) or None) if claim.contract else None,
            "authorisation_number": self._reference("G1"),
        }

    def _wrong(self, segment: Segment, reason: Reason, what: str, element: int = 0) -> None:
        self.errors.append(segment.error(reason, what, element))

    def _payable_here(self) -> None:
        """What asks for no payment to this provider, or for a payment that others share."""
        claim = self._claim
        bht, sbr = claim.bht, claim.subscriber.sbr
        if bht is None:
            self._wrong(claim.clm, Reason.SEGMENT, "the transaction set has no BHT")
        elif bht.element(2) not in ("00", "18"):
            self._wrong(bht, Reason.FORMAT, "must be 00 (original) or 18 (sent again)", 2)
        elif bht.element(6) != "CH":
            self._wrong(bht, Reason.FORMAT, "must be CH (chargeable): an encounter asks for no payment", 6)
        if sbr is None:
            self._wrong(claim.clm, Reason.SEGMENT, "the subscriber loop has no SBR")
        elif sbr.element(1) != "P":
            what = "must be P: a claim that another payer comes before cannot be priced here"
            self._wrong(sbr, Reason.FORMAT, what, 1)
        if claim.prior_payment is not None:
            what = "another payer has paid on this claim; it cannot be priced here"
            self._wrong(claim.prior_payment, Reason.FORMAT, what, 2)
        if claim.clm.element(8) == "N":
            self._wrong(
                claim.clm, Reason.FORMAT, "benefits are not assigned to the provider, who is not paid then", 8
            )

    def _payee(self) -> dict[str, Any]:
        billing = self._claim.billing
        if billing.name is None:
            at = billing.hl or self._claim.clm
            self._wrong(at, Reason.SEGMENT, "the billing provider (NM1 with 85) is missing")
            return {}
        if billing.name.element(8) != "XX":
            self._wrong(billing.name, Reason.FORMAT, "must be XX: a billing provider is named by its NPI", 8)
        if billing.tax is None:
            what = "the billing provider has no taxpayer number (REF with EI or SY)"
            self._wrong(billing.name, Reason.MISSING, what)
        name = " ".join(part for part in (billing.name.element(4), billing.name.element(3)) if part)
        return {
            "kind": "npi",
            "identifier": billing.name.element(9),
            "tin": billing.tax.element(2).replace("-", "") if billing.tax else "",
            "name": name or None,
        }

    def _payer(self) -> str:
        payer = self._claim.payer
        if payer is None:
            at = self._claim.subscriber.hl or self._claim.clm
            self._wrong(at, Reason.SEGMENT, "the payer (NM1 with PR) is missing")
            return ""
        return payer.element(9)

    def _subject(self) -> dict[str, Any]:
        """The patient by name, the subscriber by member id: a dependant has no id of his own in this guide."""
        claim = self._claim
        subscriber, patient = claim.subscriber, claim.patient
        if subscriber.name is None:
            at = subscriber.hl or claim.clm
            self._wrong(at, Reason.SEGMENT, "the subscriber (NM1 with IL) is missing")
            return {}
        if not subscriber.name.element(9):
            self._wrong(subscriber.name, Reason.MISSING, "the member id is missing", 9)
        if patient is not None and patient.name is None:
            at = patient.hl or claim.clm
            self._wrong(at, Reason.SEGMENT, "the patient (NM1 with QC) is missing")
        person = patient if patient is not None and patient.name is not None else subscriber
        name, birth = person.name or subscriber.name, person.birth
        born = self._date(birth, 2, birth.element(2)) if birth and birth.element(1) == "D8" else None
        return {
            "member_id": subscriber.name.element(9),
            "last_name": name.element(3),
            "first_name": name.element(4) or None,
            "birth_date": born.isoformat() if born else None,
        }

    def _reference(self, qualifier: str) -> str | None:
        found = self._claim.refs.get(qualifier)
        return found.element(2) if found is not None else None

    def _rendering(self) -> str | None:
        """One for the whole claim. Lines that name another cannot be told apart in a request, so they are refused."""
        claim = self._claim
        found = claim.rendering or line_rendering(claim)
        if found is None:
            return None
        if found.element(8) != "XX":
            self._wrong(found, Reason.FORMAT, "must be XX: a rendering provider is named by its NPI", 8)
        for line in claim.lines:
            if line.rendering and line.rendering.element(9) != found.element(9):
                what = "names another rendering provider than the rest of the claim; send a claim for each"
                self._wrong(line.rendering, Reason.FORMAT, what, 9)
        if claim.rendering is None and any(line.rendering is None for line in claim.lines):
            self._wrong(
                found, Reason.FORMAT, "is named on some lines only; name it for the claim or on every line", 9
            )
        return found.element(9)

    def _diagnoses(self, lines: tuple[dict[str, Any], ...]) -> tuple[str, ...]:
        before = [bool(day and day < ICD_10_FROM) for line in lines for day in (line["from_date"],)]
        codes: list[str] = []
        for hi in self._claim.diagnoses:
            for number in range(1, len(hi.elements)):
                qualifier, *rest = hi.components(number)
                if not qualifier and not rest:
                    continue
                if not rest or not rest[0]:
                    self._wrong(
                        hi,
                        Reason.FORMAT,
                        "must be a qualifier and a code with the component separator",
                        number,
                    )
                elif qualifier in DIAGNOSIS_QUALIFIERS:
                    icd = DIAGNOSIS_QUALIFIERS[qualifier]
                    if any(old != (icd == 9) for old in before):
                        what = "ICD-9 (BK, BF) codes services before 2015-10-01, ICD-10 (ABK, ABF) those from then on"
                        self._wrong(hi, Reason.FORMAT, what, number)
                    codes.append(rest[0])
        if len(codes) > DIAGNOSES_MAX:
            self._wrong(
                self._claim.diagnoses[-1], Reason.LIMITS, f"a claim has at most {DIAGNOSES_MAX} diagnoses"
            )
        return tuple(codes)

    def _line(self, line: GatheredLine) -> dict[str, Any]:
        sv1, dates = line.sv1, self._dates(line)
        if sv1 is None:
            self._wrong(line.lx, Reason.SEGMENT, "the line has no professional service (SV1)")
            return {"from_date": dates[0]}
        qualifier, *procedure = sv1.components(1)
        if qualifier != "HC":
            self._wrong(sv1, Reason.FORMAT, "must begin with HC: services are named by HCPCS codes", 1)
        pointers = self._pointers(sv1)
        return {
            "line_id": (line.line_id.element(2) if line.line_id else line.lx.element(1)),
            "from_date": dates[0],
            "to_date": dates[1],
            "code": procedure[0] if procedure else "",
            "modifiers": tuple(one for one in procedure[1:5] if one),
            "unit": sv1.element(3),
            "units_thousandths": self._units(sv1),
            "charge_cents": self._money(sv1, 2),
            "diagnosis_pointers": pointers,
            "place_of_service": sv1.element(5) or None,
        }

    def _pointers(self, sv1: Segment) -> tuple[int, ...]:
        texts = [text for text in sv1.components(7) if text]
        if not all(text.isascii() and text.isdigit() and len(text) <= 2 for text in texts):
            self._wrong(sv1, Reason.FORMAT, "must be numbers of diagnoses in HI, from 1", 7)
            return ()
        return tuple(int(text) for text in texts)

    def _units(self, sv1: Segment) -> int:
        try:
            return thousandths_of(sv1.element(4))
        except ValueError as error:
            self._wrong(sv1, Reason.FORMAT, str(error), 4)
            return 0

    def _money(self, segment: Segment, element: int) -> int:
        try:
            return cents_of(segment.element(element))
        except ValueError as error:
            self._wrong(segment, Reason.FORMAT, str(error), element)
            return 0

    def _dates(self, line: GatheredLine) -> tuple[date | None, date | None]:
        dtp = line.dates
        if dtp is None:
            self._wrong(line.lx, Reason.SEGMENT, "the line has no service date (DTP with 472)")
            return None, None
        if dtp.element(2) == "D8":
            day = self._date(dtp, 3, dtp.element(3))
            return day, day
        first, dash, last = dtp.element(3).partition("-")
        if dtp.element(2) != "RD8" or not dash:
            self._wrong(dtp, Reason.FORMAT, "must be D8 with a date or RD8 with two dates and a hyphen", 2)
            return None, None
        return self._date(dtp, 3, first), self._date(dtp, 3, last)

    def _date(self, segment: Segment, element: int, text: str) -> date | None:
        try:
            if len(text) != 8 or not (text.isascii() and text.isdigit()):
                raise ValueError
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            self._wrong(segment, Reason.DATE, "must be a date that exists, written CCYYMMDD", element)
            return None
