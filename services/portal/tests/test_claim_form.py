"""The form: what is typed becomes the request, or names the field at fault. A table, without a database."""

from __future__ import annotations

import pytest
from portal_stories import example

from portal.claim_form import PayeeOfForm, field_of, fields_of, line_count, request_of, taken
from throughline.requests import PaymentRequest

PAYEE = PayeeOfForm("npi", "1234567893", "941234567", "OAKWOOD CLINIC")
GOOD = {
    "payee": "7d2f9c1e-0000-5000-8000-000000000001",
    "payer": "acme",
    "number": "CLM-1",
    "member_id": "M-1",
    "last_name": "Doe",
    "place_of_service": "11",
    "diagnoses": "m54.50, S134XXA",
    "lines.0.code": "97530",
    "lines.0.from_date": "2026-11-02",
    "lines.0.units": "1.5",
    "lines.0.charge": "1,120.50",
}


def test_a_form_makes_a_request() -> None:
    made = request_of(GOOD, PAYEE)
    assert isinstance(made, PaymentRequest)
    (line,) = made.lines
    assert (line.charge_cents, line.units_thousandths, line.to_date) == (112050, 1500, line.from_date)
    assert made.total_cents == 112050 and made.diagnoses == ("M5450", "S134XXA")
    assert made.payee.tin.reveal() == "941234567"


WRONG = [
    ({"number": ""}, "number", "missing", "who"),
    ({"member_id": ""}, "member_id", "missing", "patient"),
    ({"lines.0.charge": "12,5x"}, "lines.0.charge", "number", "services"),
    ({"lines.0.charge": "120,50"}, "lines.0.charge", "number", "services"),
    ({"lines.0.units": "1,5"}, "lines.0.units", "number", "services"),
    ({"lines.0.charge": "0.001"}, "lines.0.charge", "number", "services"),
    ({"lines.0.charge": "NaN"}, "lines.0.charge", "number", "services"),
    ({"lines.0.from_date": "2026-02-30"}, "lines.0.from_date", "date", "services"),
    ({"lines.0.code": "97 530"}, "lines.0.code", "form", "services"),
    ({"lines.0.pointers": "one"}, "lines.0.pointers", "number", "services"),
    ({"lines.0.pointers": "13"}, "lines.0.pointers", "range", "services"),
    ({"number": "*"}, "number", "form", "who"),
    ({"rendering_provider": "12"}, "rendering_provider", "form", "who"),
    ({"birth_date": "1 May"}, "birth_date", "form", "patient"),
    ({"lines.1.code": "97530"}, "lines.1.charge", "missing", "services"),
    ({"diagnoses": "X"}, "diagnoses", "form", "services"),
]


@pytest.mark.parametrize(("changed", "field", "why", "step"), WRONG)
def test_what_is_wrong_names_its_field(changed: dict[str, str], field: str, why: str, step: str) -> None:
    found = request_of(GOOD | changed, PAYEE)
    assert isinstance(found, list)
    assert (field, why, step) in {(one.field, one.why, one.step) for one in found}


def test_a_payee_that_is_not_the_callers() -> None:
    found = request_of(GOOD, None)
    assert isinstance(found, list) and found[0].field == "payee"


@pytest.mark.parametrize("case", ["first", "replacement"])
def test_what_was_sent_fills_the_form_again(case: str) -> None:
    sent: PaymentRequest = example("SubmissionReceived", case).request
    fields = fields_of(sent, "7d2f9c1e-0000-5000-8000-000000000001")
    payee = PayeeOfForm(sent.payee.kind, sent.payee.identifier, sent.payee.tin.reveal(), sent.payee.name)
    made = request_of(fields, payee, version=2, claim_number="T0123456789ABCDEF")
    assert isinstance(made, PaymentRequest), made
    assert (made.frequency, made.version) == ("7", 2)
    assert [(one.code, one.charge_cents, one.units_thousandths, one.modifiers) for one in made.lines] == [
        (one.code, one.charge_cents, one.units_thousandths, one.modifiers) for one in sent.lines
    ]
    assert (made.subject, made.diagnoses) == (sent.subject, sent.diagnoses)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("total_cents", "lines.0.charge"),
        ("lines[2].charge_cents", "lines.2.charge"),
        ("lines.0.units_thousandths", "lines.0.units"),
        ("request.subject.member_id", "member_id"),
        ("subject.last_name", "last_name"),
        ("payee.tin", "payee"),
        ("diagnoses.3", "diagnoses"),
        ("lines.1.diagnosis_pointers.0", "lines.1.pointers"),
        ("authorisation_number", "authorisation_number"),
        ("lines", "lines"),
    ],
)
def test_a_path_of_the_contract_is_a_field_of_the_form(path: str, field: str) -> None:
    assert field_of(path) == field


def test_only_fields_of_the_form_are_taken() -> None:
    typed = {
        "number": " A ",
        "csrf": "x",
        "go": "who",
        "lines.0.code": "1",
        "lines.99.code": "1",
        "lines.0.x": "1",
    }
    assert taken(typed) == {"number": "A", "lines.0.code": "1"}
    assert line_count({"lines.2.code": "97530", "lines.7.code": ""}) == 3
