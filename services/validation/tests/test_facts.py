"""From a request and what stands on file to the facts that rules read: each fault by itself breaks its own rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from throughline.identifiers import payee_id_for
from throughline.reasons import Reason, Severity
from throughline.reference import RequiredAttachment
from throughline.requests import Attachment, ChildCareFields, Payee, Subject
from throughline.sensitive import Sensitive, SensitiveTin
from validation.reference import Entity, contract_in
from validation.rules.engine import evaluate
from validation.rules.facts import PLACES_OF_SERVICE, facts_of_claim, facts_of_line, procedure_code_is_valid
from validation.rules.rule_set import load_catalogue
from validation.testing import (
    NPI,
    RECEIVED_ON,
    SERVICE_DAY,
    authorisation,
    contract,
    line,
    payer,
    provider,
    received,
    reference,
)

CATALOGUE = load_catalogue()
THERAPY = (line(code="97110"),)
CARE = ChildCareFields(
    county="fresno", case_number=Sensitive("C1"), service_month="2026-11", stage=1, rate_category="daily"
)


def reasons(*changed: Entity, **changes: Any) -> list[Reason]:
    submission = received(**changes)
    terms = reference(*changed).terms_for(submission)
    found = evaluate(
        CATALOGUE.in_force_on(SERVICE_DAY),
        facts_of_claim(submission, terms, submission.received_on),
        [facts_of_line(submission.request, one, terms) for one in submission.request.lines],
    )
    return [finding.reason for finding in found if finding.severity is not Severity.NOTE]


def payee(identifier: str = NPI, tin: str = "123456789", **changes: Any) -> Payee:
    return Payee(kind=changes.get("kind", "npi"), identifier=identifier, tin=SensitiveTin(tin))


BAD_TIN = SensitiveTin("000123456")
BLANK_MEMBER = Subject(member_id=Sensitive(" "), last_name=Sensitive("Doe"))
OTHER = payee_id_for("npi", "1558598797")
ROWS: list[tuple[str, list[Entity], dict[str, Any], list[Reason]]] = [
    ("everything holds", [], {}, []),
    (
        "NPI check digit",
        [],
        {"payee": payee("1234567890")},
        [Reason.NPI_CHECK_DIGIT, Reason.PROVIDER_NOT_ENROLLED],
    ),
    ("rendering NPI", [], {"rendering_provider": "1234567890"}, [Reason.NPI_CHECK_DIGIT]),
    ("rendering unknown", [], {"rendering_provider": "1558598797"}, [Reason.RENDERING_PROVIDER]),
    ("rendering known", [], {"rendering_provider": NPI}, []),
    (
        "TIN form",
        [provider(version=2, tin=SensitiveTin("000123456"))],
        {"payee": payee(tin="000123456")},
        [Reason.TIN_FORMAT],
    ),
    ("TIN on file", [], {"payee": payee(tin="123456780")}, [Reason.TIN_MISMATCH]),
    (
        "blank member",
        [],
        {"subject": BLANK_MEMBER},
        [Reason.SUBSCRIBER_MISSING],
    ),
    ("payer unknown", [], {"payer": "nobody"}, [Reason.PAYER_UNKNOWN]),
    ("provider inactive", [provider(version=2, active=False)], {}, [Reason.PROVIDER_NOT_ENROLLED]),
    (
        "enrolled later",
        [provider(version=2, enrolled_from=date(2026, 11, 3))],
        {},
        [Reason.PROVIDER_NOT_ENROLLED],
    ),
    (
        "enrolment over",
        [provider(version=2, enrolled_to=date(2026, 11, 1))],
        {},
        [Reason.PROVIDER_NOT_ENROLLED],
    ),
    ("enrolment ends that day", [provider(version=2, enrolled_to=SERVICE_DAY)], {}, []),
    ("total", [], {"total_cents": 12_001}, [Reason.TOTAL_MISMATCH]),
    ("zero charge", [], {"lines": (line(charge_cents=0),)}, [Reason.ZERO_CHARGE]),
    ("zero units", [], {"lines": (line(units_thousandths=0),)}, [Reason.UNITS]),
    ("future", [], {"lines": (line(to_date=date(2026, 11, 17)),)}, [Reason.SERVICE_DATE_FUTURE]),
    ("on the day of receipt", [], {"lines": (line(from_date=RECEIVED_ON, to_date=RECEIVED_ON),)}, []),
    ("reversed", [], {"lines": (line(to_date=date(2026, 11, 1)),)}, [Reason.SERVICE_DATES_REVERSED]),
    ("pointer", [], {"lines": (line(diagnosis_pointers=(2,)),)}, [Reason.DIAGNOSIS_POINTER]),
    ("no pointer", [], {"lines": (line(diagnosis_pointers=()),)}, []),
    (
        "no diagnosis",
        [],
        {"diagnoses": (), "lines": (line(diagnosis_pointers=()),)},
        [Reason.DIAGNOSIS_MISSING],
    ),
    ("diagnosis twice", [], {"diagnoses": ("J069", "J069")}, [Reason.DIAGNOSIS_REPEATED]),
    ("no place", [], {"place_of_service": None}, [Reason.PLACE_OF_SERVICE]),
    ("unknown place", [], {"place_of_service": "30"}, [Reason.PLACE_OF_SERVICE]),
    ("place on the line", [], {"place_of_service": None, "lines": (line(place_of_service="22"),)}, []),
    ("procedure code", [], {"lines": (line(code="AB12"),)}, [Reason.PROCEDURE_CODE]),
    ("modifier twice", [], {"lines": (line(modifiers=("25", "25")),)}, [Reason.MODIFIER]),
    ("line id twice", [], {"lines": (line(), line(code="99214"))}, [Reason.LINE_ID_REPEATED]),
    ("same service twice", [], {"lines": (line(), line(line_id="2"))}, [Reason.LINE_REPEATED]),
    ("same service, modifier", [], {"lines": (line(), line(line_id="2", modifiers=("76",)))}, []),
    (
        "replacement names another",
        [],
        {"version": 2, "frequency": "7", "payer_claim_number": "X"},
        [Reason.FREQUENCY_REFERENCE],
    ),
    (
        "replacement names none",
        [],
        {"version": 2, "frequency": "7", "payer_claim_number": None},
        [Reason.FREQUENCY_REFERENCE],
    ),
    ("replacement", [], {"version": 2, "frequency": "7"}, []),
    ("contract of another payee", [contract(version=2, payee_id=OTHER)], {}, [Reason.NO_CONTRACT]),
    ("contract over", [contract(version=2, effective_to=date(2026, 11, 1))], {}, [Reason.NO_CONTRACT]),
    ("contract named wrongly", [], {"contract_id": "nothing"}, [Reason.NO_CONTRACT]),
    ("contract named", [], {"contract_id": "acme-general"}, []),
    ("filed on the last day", [contract(version=2, timely_filing_days=14)], {}, []),
    ("filed late", [contract(version=2, timely_filing_days=13)], {}, [Reason.TIMELY_FILING]),
    ("authorisation missing", [], {"lines": THERAPY}, [Reason.AUTHORISATION_MISSING]),
    (
        "authorisation unknown",
        [],
        {"lines": THERAPY, "authorisation_number": "NO"},
        [Reason.AUTHORISATION_INVALID],
    ),
    ("authorisation in force", [], {"lines": THERAPY, "authorisation_number": "AUTH1"}, []),
    ("authorisation not needed", [], {"authorisation_number": "NO"}, []),
]
INVALID_AUTHORISATIONS = [
    authorisation(version=2, active=False),
    authorisation(version=2, payer="other"),
    authorisation(version=2, payee_id=OTHER),
    authorisation(version=2, member_id=Sensitive("M101")),
    authorisation(version=2, codes=("97112",)),
    authorisation(version=2, valid_from=date(2026, 11, 3)),
    authorisation(version=2, valid_to=date(2026, 11, 1)),
]


@pytest.mark.parametrize(
    ("changed", "changes", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_each_fault_breaks_its_rule(
    changed: list[Entity], changes: dict[str, Any], expected: list[Reason]
) -> None:
    assert reasons(*changed, **changes) == expected


@pytest.mark.parametrize("invalid", INVALID_AUTHORISATIONS)
def test_an_authorisation_must_cover_everything(invalid: Entity) -> None:
    assert reasons(invalid, lines=THERAPY, authorisation_number="AUTH1") == [Reason.AUTHORISATION_INVALID]


def test_child_care_needs_attendance_and_signatures_but_no_diagnosis() -> None:
    care = {
        "programme": "child-care",
        "diagnoses": (),
        "place_of_service": None,
        "lines": (line(diagnosis_pointers=()),),
    }
    assert reasons(**care, child_care=CARE) == [Reason.ATTACHMENT_MISSING, Reason.RULE_ASKS_REVIEW]
    signed = CARE.model_copy(update={"parent_signed_on": RECEIVED_ON, "provider_signed_on": RECEIVED_ON})
    sheet = (Attachment(type="attendance", sha256="0" * 64),)
    assert reasons(**care, child_care=signed, attachments=sheet) == []


def test_a_corrections_timely_filing_counts_to_the_day_of_the_original() -> None:
    submission = received(version=2, frequency="7", received_on=date(2027, 6, 1))
    terms = reference().terms_for(submission)
    rules = CATALOGUE.in_force_on(SERVICE_DAY)
    lines = [facts_of_line(submission.request, one, terms) for one in submission.request.lines]
    by_original = evaluate(rules, facts_of_claim(submission, terms, RECEIVED_ON), lines)
    by_itself = evaluate(rules, facts_of_claim(submission, terms, submission.received_on), lines)
    assert (by_original, [one.reason for one in by_itself]) == ([], [Reason.TIMELY_FILING])


def test_services_after_the_original_came_in_are_as_late_as_the_correction_that_bills_them() -> None:
    """Else whatever came in once would be in time for ever, for services of any later day."""
    submission = received(version=2, frequency="7", received_on=date(2027, 6, 1))
    terms = reference().terms_for(submission)
    lines = [facts_of_line(submission.request, one, terms) for one in submission.request.lines]
    before = SERVICE_DAY - timedelta(days=1)
    rules = CATALOGUE.in_force_on(SERVICE_DAY)
    said = {
        day: [one.reason for one in evaluate(rules, facts_of_claim(submission, terms, day), lines)]
        for day in (before, SERVICE_DAY)
    }
    assert said == {before: [Reason.TIMELY_FILING], SERVICE_DAY: []}


@pytest.mark.parametrize("code", ["99213", "0001F", "0001T", "J1100", "V2020"])
def test_procedure_codes(code: str) -> None:
    assert procedure_code_is_valid(code)


@pytest.mark.parametrize("code", ["W0001", "9921", "99213A", "ABCDE", "0001X"])
def test_not_procedure_codes(code: str) -> None:
    assert not procedure_code_is_valid(code)


def test_place_of_service_list() -> None:
    assert {"01", "11", "21", "99"} <= PLACES_OF_SERVICE
    assert not {"00", "28", "30", "43", "59", "70", "90"} & PLACES_OF_SERVICE


def test_a_payees_own_contract_comes_before_a_general_one() -> None:
    own = contract(contract_id="own", payee_id=received().payee_id, fee_schedule="own")
    held = reference(own)
    chosen = contract_in(held, received())
    assert chosen is not None and chosen.contract_id == "own"
    ended = contract(
        contract_id="own", version=2, payee_id=received().payee_id, effective_to=date(2025, 1, 1)
    )
    held.take([ended])
    general = contract_in(held, received())
    assert general is not None and general.contract_id == "acme-general"


def test_a_payer_that_changes_counts_at_once() -> None:
    held = reference()
    held.take([payer(version=2, auto_approve_below_cents=1)])
    known = held.terms_for(received()).payer
    assert known is not None and known.auto_approve_below_cents == 1


PLAN = {"type": "treatment-plan", "codes": ("97110",), "effective_from": date(2026, 1, 1)}
ALWAYS = {"type": "referral", "effective_from": date(1900, 1, 1), "effective_to": SERVICE_DAY}
REQUIRED: dict[str, tuple[list[dict[str, Any]] | None, dict[str, Any], str]] = {
    "the payer asks for nothing": (None, {}, ""),
    "with this code": ([PLAN], {"lines": THERAPY}, "treatment-plan"),
    "with another code": ([PLAN], {}, ""),
    "with every code": ([ALWAYS], {}, "referral"),
    "both": ([PLAN, ALWAYS], {"lines": THERAPY}, "treatment-plan, referral"),
    "attached": (
        [PLAN],
        {"lines": THERAPY, "attachments": (Attachment(type="treatment-plan", sha256="0" * 64),)},
        "",
    ),
    "another attached": (
        [PLAN],
        {"lines": THERAPY, "attachments": (Attachment(type="referral", sha256="0" * 64),)},
        "treatment-plan",
    ),
    "not yet in force": (
        [PLAN | {"effective_from": SERVICE_DAY + timedelta(days=1)}],
        {"lines": THERAPY},
        "",
    ),
    "no longer in force": ([ALWAYS | {"effective_to": SERVICE_DAY - timedelta(days=1)}], {}, ""),
    "a void": ([PLAN], {"lines": THERAPY, "frequency": "8"}, ""),
}


@pytest.mark.parametrize("name", REQUIRED)
def test_a_payer_asks_for_attachments_by_code_and_first_day(name: str) -> None:
    required, changes, missing = REQUIRED[name]
    asked = None if required is None else tuple(RequiredAttachment(**one) for one in required)
    submission = received(**changes)
    terms = reference(payer(required_attachments=asked)).terms_for(submission)
    assert facts_of_claim(submission, terms, submission.received_on)["missing_attachments"] == missing
