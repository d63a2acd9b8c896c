"""What rules may read: flat names for integers, booleans and short codes. Persons' names and numbers are not here.

Flat values keep the engine fast: handing CEL an integer costs 0.2 us, the same request as nested maps 70 us.
Days are proleptic ordinals (``date.toordinal``), so that rules compare and subtract them as integers.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from throughline.identifiers import npi_is_valid, tin_is_valid
from throughline.requests import PaymentRequest, ServiceLine
from throughline.submissions import SubmissionReceived
from validation.coverage import no_benefit_on, uncovered_on
from validation.payee_past import PayeePast, past_facts
from validation.reference import Terms, in_force

Facts = dict[str, Any]

FAR_DAY = date.max.toordinal()
"""Stands for "without end" where a period has none."""

TYPES_NAMED_MAX = 5
"""Attachments that one finding names; a type has up to 40 characters, and a finding 400."""

PLACES_OF_SERVICE = frozenset(
    f"{code:02d}"
    for code in (*range(1, 28), *range(31, 35), 41, 42, *range(49, 59), 60, 61, 62, 65, 66, 71, 72, 81, 99)
)
"""CMS place of service codes for professional claims."""

_PROCEDURE_CODE = re.compile(r"[0-9]{4}[0-9AFMTU]|[A-V][0-9]{4}")


def facts_of_claim(submission: SubmissionReceived, terms: Terms, first_received_on: date) -> Facts:
    """The facts of the whole request. ``first_received_on`` is the day its first version came in."""
    request = submission.request
    lines = request.lines
    provider, contract, authorisation = terms.provider, terms.contract, terms.authorisation
    return {
        "programme": request.programme,
        "payer": request.payer,
        "payer_order": request.payer_order or "P",
        "frequency": request.frequency,
        "payee_kind": request.payee.kind,
        "payee_npi_valid": request.payee.kind != "npi" or _npi_is_valid(request.payee.identifier),
        "tin_valid": tin_is_valid(request.payee.tin.reveal()),
        "rendering_named": request.rendering_provider is not None,
        "rendering_npi_valid": request.rendering_provider is None
        or _npi_is_valid(request.rendering_provider),
        "rendering_active": terms.rendering is not None and terms.rendering.active,
        "original_named": request.payer_claim_number is not None,
        "original_is_this": request.payer_claim_number == submission.payer_claim_number,
        "total_cents": request.total_cents,
        "charges_cents": sum([line.charge_cents for line in lines]),
        "line_count": len(lines),
        "line_id_count": len({line.line_id for line in lines}),
        "service_count": len({(line.from_date, line.to_date, line.code, line.modifiers) for line in lines}),
        "diagnosis_count": len(request.diagnoses),
        "distinct_diagnosis_count": len(set(request.diagnoses)),
        "attachment_count": len(request.attachments),
        "missing_attachments": missing_attachments(request, terms),
        "signed": _is_signed(request),
        "form_sent": request.form is not None,
        "member_given": not request.subject.member_id.reveal().isspace(),
        "name_given": not request.subject.last_name.reveal().isspace(),
        "received_day": submission.received_on.toordinal(),
        "first_received_day": _first_billed_on(submission, first_received_on).toordinal(),
        "last_service_day": max([line.to_date for line in lines]).toordinal(),
        "payer_known": terms.payer is not None,
        "provider_known": provider is not None,
        "provider_active": provider is not None and provider.active,
        "tin_matches": provider is not None and provider.tin == request.payee.tin,
        "enrolled_from_day": provider.enrolled_from.toordinal() if provider else FAR_DAY,
        "enrolled_to_day": _end_day(provider.enrolled_to) if provider else 0,
        "licence_to_day": _end_day(provider.licence_expires_on) if provider else FAR_DAY,
        "rendering_licence_to_day": _end_day(terms.rendering.licence_expires_on)
        if terms.rendering
        else FAR_DAY,
        "coverage_checked": terms.coverage_checked,
        "member_known": terms.coverage is not None,
        "contract_known": contract is not None,
        "contract_from_day": contract.effective_from.toordinal() if contract else FAR_DAY,
        "contract_to_day": _end_day(contract.effective_to) if contract else 0,
        "timely_filing_days": contract.timely_filing_days if contract else 0,
        "authorisation_named": request.authorisation_number is not None,
        "authorisation_active": authorisation is not None and authorisation.active,
        "authorisation_same_payer": authorisation is not None and authorisation.payer == request.payer,
        "authorisation_same_provider": authorisation is not None
        and authorisation.payee_id == submission.payee_id,
        "authorisation_same_member": authorisation is not None
        and authorisation.member_id == request.subject.member_id,
        "authorisation_from_day": authorisation.valid_from.toordinal() if authorisation else FAR_DAY,
        "authorisation_to_day": authorisation.valid_to.toordinal() if authorisation else 0,
    }


def facts_of_line(
    request: PaymentRequest, line: ServiceLine, terms: Terms, past: PayeePast | None = None
) -> Facts:
    """The facts of one line. ``past`` is the payee's, where a rule asks for it."""
    authorisation, coverage = terms.authorisation, terms.coverage
    return {
        "from_day": line.from_date.toordinal(),
        "to_day": line.to_date.toordinal(),
        "charge_cents": line.charge_cents,
        "units_thousandths": line.units_thousandths,
        "procedure_code_valid": procedure_code_is_valid(line.code),
        "modifier_count": len(line.modifiers),
        "distinct_modifier_count": len(set(line.modifiers)),
        "highest_pointer": max(line.diagnosis_pointers, default=0),
        "place_known": (line.place_of_service or request.place_of_service) in PLACES_OF_SERVICE,
        "authorisation_required": line.code in terms.authorisation_codes,
        "authorisation_covers_code": authorisation is not None
        and (not authorisation.codes or line.code in authorisation.codes),
        "uncovered_on": "" if coverage is None else _told(uncovered_on(coverage, line)),
        "no_benefit_on": "" if coverage is None else _told(no_benefit_on(coverage, line)),
        **past_facts(past, line.code),
    }


def missing_attachments(request: PaymentRequest, terms: Terms) -> str:
    """The types that the payer asks for with these services on their first days and are not there, by commas."""
    required = terms.payer.required_attachments if terms.payer is not None else None
    if not required or request.frequency == "8":
        return ""
    given = {one.type for one in request.attachments}
    missing = {
        one.type: None
        for one in required
        if one.type not in given
        and any(
            in_force(one.effective_from, one.effective_to, line.from_date)
            and (not one.codes or line.code in one.codes)
            for line in request.lines
        )
    }
    return ", ".join(list(missing)[:TYPES_NAMED_MAX])


@lru_cache(maxsize=20_000)
def procedure_code_is_valid(code: str) -> bool:
    """The form of a CPT code (five digits, or four and one of A F M T U) or of HCPCS level II (letter, four digits)."""
    return _PROCEDURE_CODE.fullmatch(code) is not None


_npi_is_valid = lru_cache(maxsize=50_000)(npi_is_valid)


def _first_billed_on(submission: SubmissionReceived, first_received_on: date) -> date:
    """The day its first version came in; of services after that day, which that cannot have billed, this one's."""
    last_service = max([line.to_date for line in submission.request.lines])
    return first_received_on if first_received_on >= last_service else submission.received_on


def _end_day(end: date | None) -> int:
    return FAR_DAY if end is None else end.toordinal()


def _told(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _is_signed(request: PaymentRequest) -> bool:
    care = request.child_care
    return care is not None and care.parent_signed_on is not None and care.provider_signed_on is not None
