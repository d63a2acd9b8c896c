"""A programme's form by its pack: what is typed, what it makes, what is told; nobody alters what is printed. Pure."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from portal_stories import example

from portal.claim_form import PayeeOfForm
from portal.form_shown import parts_of
from portal.programme_form import (
    checked,
    field_of,
    fields_of,
    fills_in,
    number_of,
    printed_of,
    request_of,
    step_of,
    steps_of,
    taken,
    told_while_typing,
    typed,
)
from portal.shown import Shown
from throughline.drafts import DraftSaved
from throughline.packs.assess import CHECKS
from throughline.packs.directory import load_packs
from throughline.packs.form import Form
from throughline.packs.lint_examples import case_of
from throughline.packs.model import Pack
from throughline.packs.travel import form_of, sent_of
from throughline.reference import AuthorisationRecorded
from throughline.requests import PaymentRequest
from throughline.sensitive import Sensitive

PACKS = load_packs(Path(__file__).parents[3] / "packs")
PACK = PACKS["calworks-child-care", 1]
EVERY = sorted(PACKS)
PAYEE = PayeeOfForm("programme", "VENDOR-4711", "123456789", "Maple Family Day Care")
SENT_ON = date(2026, 10, 2)
SHOWN = Shown("en", "America/Los_Angeles")


def authorised(pack: Pack, example: str = "base", *, prints_month: bool = False) -> AuthorisationRecorded:
    """As the agency records it; without a month it is good for each of its months."""
    printed = case_of(pack, example).authorised
    left = {} if prints_month else {pack.header.dated_by}
    form = Form({name: value for name, value in printed.values.items() if name not in left}, printed.rows)
    return AuthorisationRecorded(
        number="AUTH-2026-77", version=1, payer="lake", payee_id=uuid4(), member_id=Sensitive("CH-0001"),
        valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31), printed=sent_of(pack, form),
    )  # fmt: skip


def filled(pack: Pack, example: str = "base", **changes: str) -> dict[str, str]:
    """The example as a person types it: what the agency prints is not theirs to type."""
    case = case_of(pack, example)
    printed = printed_of(authorised(pack, example))
    own = {one.id for one in pack.fields if fills_in(one, pack, printed)}
    form = Form(
        {name: value for name, value in case.form.values.items() if name in own},
        {name: rows for name, rows in case.form.rows.items() if name in own},
    )
    made = request_with(pack, form)
    return fields_of(pack, made) | {f"form.{name}": value for name, value in changes.items()}


def request_with(pack: Pack, form: Form) -> PaymentRequest:
    sent: dict[str, Any] = {"form": sent_of(pack, form), "attachments": ()}
    return PaymentRequest.model_construct(None, **sent)


def told(pack: Pack, fields: dict[str, str], **more: Any) -> list[str]:
    found = checked(pack, authorised(pack, **more), fields, SENT_ON, "en")
    return [f"{one.field} {one.why}" for one in found.wrong]


@pytest.mark.parametrize("key", EVERY, ids=[name for name, _ in EVERY])
def test_all_that_is_wrong_is_told_in_the_language_of_the_form(key: tuple[str, int]) -> None:
    pack = PACKS[key]
    english = {sentence for _, *told in CHECKS.values() for sentence in told}
    for typed_as in ("", "2026-01-15"):
        fields = filled(pack) | {f"form.{pack.header.dated_by}": typed_as}
        fields |= {name: "-" for name in fields if name.endswith(("minutes", "time_in", "begin", "cents"))}
        found = checked(pack, authorised(pack), fields, SENT_ON, "es")
        assert found.wrong and not {one.sentence for one in found.wrong} & {None, *english}
        assert not {one.fix for one in found.wrong} & english


def test_what_a_table_breaks_is_told_while_its_rows_are_typed() -> None:
    """Not first on the last step: who writes the hours of a month looks at them only here."""
    fields = filled(PACK)
    (first, *_) = sorted(
        name for name in fields if name.startswith("form.days.") and name.endswith(".time_out")
    )
    fields[first] = "00:01"
    found = checked(PACK, authorised(PACK), fields, SENT_ON, "en")
    told_now = told_while_typing(PACK, found, {first: "00:01"}, fields)
    assert [one.field for one in told_now] == ["form.days"] and "before" in str(told_now[0].sentence)
    elsewhere = told_while_typing(PACK, found, {"form.family_fee_cents": "1.00"}, fields)
    assert "form.days" not in [one.field for one in elsewhere]


@pytest.mark.parametrize("month", ["2026-01-15", "0001-01-01", "2026-13", "January", "10000-01", "0000-01"])
@pytest.mark.parametrize("key", EVERY, ids=[name for name, _ in EVERY])
def test_a_month_that_is_none_is_named_and_makes_no_request(key: tuple[str, int], month: str) -> None:
    """Where a browser has no input for months it is plain text."""
    pack = PACKS[key]
    at = f"form.{pack.header.dated_by}"
    fields = filled(pack) | {at: month}
    assert f"{at} type" in told(pack, fields)
    made = request_of(pack, authorised(pack), PAYEE, fields)
    assert isinstance(made, list) and made[0].field == at


@pytest.mark.parametrize("key", EVERY, ids=[name for name, _ in EVERY])
def test_what_was_typed_makes_the_form_and_the_request_of_its_programme(key: tuple[str, int]) -> None:
    pack = PACKS[key]
    fields = filled(pack)
    assert told(pack, fields) == []
    made = request_of(pack, authorised(pack), PAYEE, fields)
    assert isinstance(made, PaymentRequest) and made.form is not None
    expected = pack.examples["base"].expect.charge_cents
    assert (made.programme, made.total_cents, len(made.lines)) == (pack.header.programme, expected, 1)
    assert (made.number, made.payer, made.authorisation_number) == (
        "AUTH-2026-77 2026-09",
        "lake",
        "AUTH-2026-77",
    )
    printed = {one.id for one in pack.fields if one.is_printed} - {pack.header.dated_by}
    sent = form_of(made.form)
    assert not printed & (set(sent.values) | set(sent.rows)), "what is printed is never sent back"
    assert fields_of(pack, made) == {name: value for name, value in fields.items() if value}


def test_what_is_printed_is_never_taken_from_a_browser() -> None:
    printed = printed_of(authorised(PACK, prints_month=True))
    sent = {"form.rate_cents": "9999.00", "form.service_month": "2026-10", "form.schedule.0.starts": "00:00",
            "form.note": "mine", "form.total_billed_cents": " 1,188.00 ", "form.days.2.time_in": "8:05",
            "form.days.999.time_in": "8:05", "form.days.2.other": "x", "form.days": "x", "csrf": "x"}  # fmt: skip
    assert taken(PACK, printed, sent) == {
        "form.total_billed_cents": "1,188.00",
        "form.days.2.time_in": "8:05",
    }
    left_open = taken(PACK, printed_of(authorised(PACK)), {"form.service_month": "2026-10"})
    assert left_open == {"form.service_month": "2026-10"}


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("no money", {"total_billed_cents": "a lot"}, "form.total_billed_cents number"),
    ("no time", {"days.0.time_in": "25:00"}, "form.days.0.time_in time"),
    ("no day", {"provider_signed_on": "2026-02-30"}, "form.provider_signed_on type"),
    ("no number", {"weeks.0.minutes": "two"}, "form.weeks.0.minutes whole_number"),
    (
        "a sum that does not hold",
        {"total_billed_cents": "1187.00"},
        "form.total_billed_cents weeks-sum-to-total",
    ),
    (
        "signed too early",
        {"parent_signed_on": "2026-09-01"},
        "form.provider_signed_on signed-after-the-last-day",
    ),
    ("not signed", {"provider_signed_on": ""}, "form.provider_signed_on required"),
    ("an answer that is none", {"parent_accepts_perjury": "maybe"}, "form.parent_accepts_perjury unknown"),
    ("a day that is left", {"days.1.time_out": ""}, "form.days.1.time_out required"),
]


@pytest.mark.parametrize(("changes", "expected"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_a_check_names_the_field_and_how_to_mend_it(changes: dict[str, str], expected: str) -> None:
    assert expected in told(PACK, filled(PACK, **changes))
    assert step_of(PACK, expected.split()[0]) in steps_of(PACK)


def test_nothing_typed_is_nothing_but_missing_and_never_a_crash() -> None:
    found = checked(PACK, authorised(PACK), {}, SENT_ON, "en")
    assert [one.field for one in found.wrong] == ["form.service_month"]
    made = request_of(PACK, authorised(PACK), PAYEE, {})
    assert isinstance(made, list) and made[0].field == "form.service_month"


def test_documents_are_asked_for_where_their_condition_holds() -> None:
    without_sheet = authorised(PACK, "exempt-evening")
    found = checked(PACK, without_sheet, filled(PACK, "exempt-evening"), SENT_ON, "en")
    assert found.missing_attachments == ("variable-schedule-calendar", "rate-sheet")[1:]
    attached = {"attachments.0.type": "rate-sheet", "attachments.0.sha256": "0" * 64}
    with_it = checked(PACK, without_sheet, filled(PACK, "exempt-evening") | attached, SENT_ON, "en")
    assert with_it.missing_attachments == ()


def test_every_day_of_the_month_has_its_row_and_absences_their_words() -> None:
    printed = printed_of(authorised(PACK))
    parts = parts_of(
        PACK, printed, {"form.service_month": "2026-09", "form.days.3.absence": "excused"}, "days", SHOWN
    )
    (days,) = parts
    assert len(days.rows) == 31 and days.rows[0][0].fixed == "Tue, Sep 1"
    absence = next(one for one in days.rows[3] if one.name.endswith("absence"))
    assert (absence.kind, absence.value) == ("choice", "excused")
    assert ("provider_closed", "Provider closed") in absence.options
    second = {
        "form.service_month": "2026-09",
        "form.days.30.on": "2026-09-04",
        "form.days.30.time_in": "18:00",
    }
    assert len(parts_of(PACK, printed, second, "days", SHOWN)[0].rows) == 32


def test_a_row_that_says_only_its_day_is_none() -> None:
    printed = printed_of(authorised(PACK))
    fields = {"form.days.0.on": "2026-09-01", "form.days.1.on": "2026-09-02", "form.days.1.time_in": "08:05"}
    assert typed(PACK, printed, fields).form.rows == {"days": ({"on": "2026-09-02", "time_in": 485},)}


def test_printed_data_is_shown_as_text_and_staff_fields_not_at_all() -> None:
    parts = parts_of(PACK, printed_of(authorised(PACK)), {}, "authorised", SHOWN)
    shown = {one.id: one.printed for one in parts if one.printed is not None}
    assert (shown["rate_cents"], shown["facility_type"]) == ("$270.00", "Family child care home")
    assert [one.id for one in parts if one.input is not None] == ["service_month"]
    assert "office" not in steps_of(PACK)


def test_what_depends_on_an_answer_is_asked_for_where_it_applies() -> None:
    signed, silent = filled(PACK), filled(PACK, parent_signed_on="", no_signature_reason="parent_silent")
    printed = printed_of(authorised(PACK))
    of = {
        name: {one.id for one in parts_of(PACK, printed, fields, "sign", SHOWN)}
        for name, fields in (("signed", signed), ("silent", silent))
    }
    assert "attempts" not in of["signed"] and "no_signature_reason" not in of["signed"]
    assert {"attempts", "no_signature_reason", "agency_told_on"} <= of["silent"]


def test_the_words_are_of_the_persons_language() -> None:
    parts = parts_of(PACK, printed_of(authorised(PACK)), {}, "bill", Shown("es", "America/Los_Angeles"))
    assert "Total" in next(one.label for one in parts if one.id == "total_billed_cents")
    found = checked(PACK, authorised(PACK), filled(PACK, total_billed_cents="1"), SENT_ON, "es")
    english = checked(PACK, authorised(PACK), filled(PACK, total_billed_cents="1"), SENT_ON, "en")
    assert found.wrong[0].sentence != english.wrong[0].sentence


@pytest.mark.parametrize(
    ("path", "field"),
    [("days[3].time_in", "form.days.3.time_in"), ("total_billed_cents", "form.total_billed_cents"),
     ("attachments", "attachments"), ("form.pack", ""), ("lines[0].code", "form.lines.0.code")],
)  # fmt: skip
def test_a_finding_names_a_field_of_the_form(path: str, field: str) -> None:
    assert field_of(path) == field


def test_a_sentence_in_another_language_is_filled_in() -> None:
    late = checked(PACK, authorised(PACK), filled(PACK), SENT_ON + timedelta(days=100), "es")
    assert "La solicitud llegó más de 60 días después del fin del mes." in [
        one.sentence for one in late.asked
    ]


def test_a_long_authorisation_number_still_makes_one_number_for_a_month() -> None:
    assert len(number_of("A" * 50, "2026-09")) <= 38
    assert number_of("A" * 50, "2026-09") == number_of("A" * 50, "2026-09") != number_of("A" * 50, "2026-10")


def test_of_more_rows_than_its_tables_have_a_draft_still_tells_its_fields() -> None:
    names = [
        f"form.{one.id}.{at}.{column.id}" for one in PACK.fields for column in one.column for at in range(400)
    ]
    found = taken(PACK, printed_of(authorised(PACK)), dict.fromkeys(names, "1"))
    assert "form.days.154.time_in" in found and "form.days.155.time_in" not in found
    saved = example("DraftSaved").model_dump(mode="json") | {"fields": sorted(found)}
    assert DraftSaved.model_validate_json(json.dumps(saved)).fields
