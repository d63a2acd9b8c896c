"""A correction changes what was changed in the form, and loses nothing that the form does not show. Pure."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from portal_stories import example

from portal.claim_form import Fields, fields_of, taken
from portal.corrections import corrected
from throughline.identifiers import payee_id_for
from throughline.requests import PaymentRequest

NUMBER = "T0123456789ABCDEF"
TEMPLATE: PaymentRequest = example("SubmissionReceived", "first").request
KEPT = {"version", "frequency", "payer_claim_number"}

codes = some.text("ABCDEFG0123456789", min_size=4, max_size=8)
ids = some.text("abcXYZ019._-", min_size=1, max_size=30)
days = some.dates(date(2020, 1, 1), date(2030, 1, 1))
lines = some.builds(
    lambda line_id, code, first, last, unit, units, charge, pointers, place, modifiers: {
        "line_id": line_id,
        "code": code,
        "from_date": first.isoformat(),
        "to_date": last.isoformat(),
        "unit": unit,
        "units_thousandths": units,
        "charge_cents": charge,
        "diagnosis_pointers": pointers,
        "place_of_service": place,
        "modifiers": modifiers,
    },
    ids,
    codes,
    days,
    days,
    some.sampled_from(["UN", "MJ"]),
    some.integers(0, 9_999_999_000),
    some.integers(0, 99_999_999),
    some.lists(some.integers(1, 12), max_size=4),
    some.none() | some.sampled_from(["11", "12"]),
    some.lists(some.sampled_from(["GN", "59", "XS"]), max_size=4),
)
names = some.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()) and text.isprintable())
extras = some.fixed_dictionaries(
    {
        "invoice_number": some.none() | some.just("INV 7"),
        "invoice_date": some.none() | days.map(str),
        "contract_id": some.none() | some.just("contract-1"),
        "authorisation_number": some.none() | some.just("AUTH-1"),
        "place_of_service": some.none() | some.just("11"),
        "rendering_provider": some.none() | some.just("1234567893"),
        "diagnoses": some.lists(some.sampled_from(["M5450", "S134XXA", "F840"]), max_size=12),
        "total_cents": some.integers(0, 9_999_999_999),
        "attachments": some.lists(
            some.just({"type": "chart-notes", "sha256": "ab" * 32}),
            max_size=2,
            unique_by=lambda one: one["sha256"],
        ),
    }
)


@some.composite
def requests(draw: Any) -> PaymentRequest:
    """As a file, a partner or the form may have sent it."""
    whole = json.loads(TEMPLATE.model_dump_json()) | draw(extras)
    whole["lines"] = draw(some.lists(lines, min_size=1, max_size=4))
    whole["subject"] |= {
        "member_id": draw(ids),
        "last_name": draw(names),
        "first_name": draw(some.none() | names),
    }
    return PaymentRequest.model_validate_json(json.dumps(whole))


def form_of(request: PaymentRequest) -> Fields:
    """Shown, and sent by a browser as it was shown."""
    payee_id = payee_id_for(request.payee.kind, request.payee.identifier)
    return fields_of(request, payee_id) | taken(fields_of(request, payee_id))


def apart_from(request: PaymentRequest, *fields: str) -> dict[str, Any]:
    whole = json.loads(request.model_dump_json())
    return {name: value for name, value in whole.items() if name not in {*KEPT, *fields}}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(requests())
def test_a_correction_without_an_edit_says_the_same(before: PaymentRequest) -> None:
    made = corrected(before, form_of(before), None, version=7, claim_number=NUMBER)
    assert isinstance(made, PaymentRequest), made
    assert apart_from(made) == apart_from(before)
    assert (made.version, made.frequency, made.payer_claim_number) == (7, "7", NUMBER)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(requests())
def test_an_edit_changes_what_was_edited_alone(before: PaymentRequest) -> None:
    typed = form_of(before) | {"lines.0.charge": "1,234.56", "last_name": "Roe"}
    made = corrected(before, typed, None, version=2, claim_number=NUMBER)
    assert isinstance(made, PaymentRequest), made
    assert apart_from(made, "lines", "subject", "total_cents") == apart_from(
        before, "lines", "subject", "total_cents"
    )
    assert made.subject == before.subject.model_copy(update={"last_name": made.subject.last_name})
    assert made.subject.last_name.reveal() == "Roe"
    assert made.lines == (
        before.lines[0].model_copy(update={"charge_cents": 123456}),
        *before.lines[1:],
    )


@pytest.mark.parametrize("line_ids", [("1", "2"), ("2", "a")])
def test_a_line_that_is_added_takes_no_lines_id(line_ids: tuple[str, str]) -> None:
    one = TEMPLATE.lines[0]
    before = TEMPLATE.model_copy(
        update={"lines": tuple(one.model_copy(update={"line_id": line_id}) for line_id in line_ids)}
    )
    line = {"code": "97530", "from_date": "2026-11-02", "units": "1", "charge": "10"}
    typed = form_of(before) | {f"lines.2.{name}": value for name, value in line.items()}
    made = corrected(before, typed, None, version=2, claim_number=NUMBER)
    assert isinstance(made, PaymentRequest), made
    assert [line.line_id for line in made.lines[:2]] == list(line_ids)
    assert len({line.line_id for line in made.lines}) == 3
    assert made.total_cents == sum(line.charge_cents for line in made.lines)
