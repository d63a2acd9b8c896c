"""Programme packs: what ships has nothing missing, lint finds what is, and nothing a form says crashes or leaks."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughline.packs.assess import assess
from throughline.packs.facts import facts_of
from throughline.packs.form import Form
from throughline.packs.lint import problems_of
from throughline.packs.lint_examples import case_of
from throughline.packs.load import PackBreach, load_pack
from throughline.packs.model import Pack
from throughline.packs.occupied import occupied, period_key, shared_minutes
from throughline.packs.pay_by import Moment, clock_of, pay_by
from throughline.packs.price import Price
from throughline.packs.travel import assess_sent, form_of, sent_of
from throughline.programmes import PayClock
from throughline.requests import ProgrammeForm, SubmitRequest

PACKS = Path(__file__).parents[2] / "packs"
NAMES = sorted(path.name for path in PACKS.iterdir() if path.is_dir())
CHILD_CARE = load_pack(PACKS / "calworks-child-care")
EVERY = {name: load_pack(PACKS / name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_missing_in_what_ships(name: str) -> None:
    assert problems_of(PACKS / name) == []
    assert len(EVERY[name].examples) >= 2


Spoil = tuple[str, str, str, str]
SPOILT: list[Spoil] = [
    ("pack.toml", 'languages = ["en", "es"]', 'languages = ["en", "es", "hy"]', "wording/hy.toml: missing"),
    ("pack.toml", 'agency = "agency"', 'agency = "case_number"', "agency names a sensitive field"),
    ("wording/es.toml", "{late_after_days}", "{dias}", "too-late names {dias}, which no fact has"),
    ("pack.toml", "effective_from = 1900-01-01", "effective_from = 2030-01-01", "shared_time says nothing for 2026"),
    ("pack.toml", 'fact = "closed_on"', 'fact = "closed"', "counts closed, which is no fact"),
    ("pack.toml", 'fact = "closed_on"', 'fact = "closed_days"', "closed_days is no list of days"),
    ("pack.toml", 'past = { fact = "alternate_on", of = "subject", year_begins = "07-01" }', '', "handed in by nobody"),
    ("pack.toml", 'holidays = "US-CA"', 'holidays = "US-XX"', "no calendar of public holidays is kept for US-XX"),
    ("pack.toml", 'table = "days"', 'table = "weeks"', "duplicates.start names time_in, which is no minute"),
    ("pack.toml", 'rail = "ppd"', 'rail = "wire"', "header.payment.rail"),
    ("fields.toml", 'id = "unit"', 'id = "worker"', "field worker stands twice"),
    ("fields.toml", 'step = "office"', 'step = "cellar"', "there is no step cellar"),
    ("facts.toml", "service_month_number == 6", "child_last_name == 'Roe'", "child_last_name, which is sensitive"),
    ("facts.toml", "days.filter(d, !has(d.absence))", "days.filter(d, !has(", "fact care: not CEL"),
    ("rules/who.toml", "child_age_years < 13 ||", "child_years < 13 ||", "reads child_years, which is not there"),
    ("rules/who.toml", 'reason = "licence"', 'reason = "licens"', "there is no reason licens"),
    ("rules/who.toml", "child_age_years < 13 ||", "child_age_years < 14 ||", "child-of-age version 1: failing"),
    ("rules/bill.toml", 'id = "days-agree-with-weeks"', 'id = "weeks-agree-with-days"', "stands twice"),
    ("parameters.toml", 'agency = "santa-clara"', 'agency = "*"', "two values of * are in force"),
    ("parameters.toml", "value = 1800", 'value = "1800"', "full_time_weekly_minutes: a value is not of type integer"),
    ("prices.toml", "per(base_ceiling_cents, exempt_share_bp, 10000)", "base_ceiling_cents * 0.7", "with a fraction"),
    ("prices.toml", "lookup('ceiling'", "look_up('ceiling'", "calls look_up, which is no function"),
    ("prices.toml", 'pays = "care_cents +', 'pays = "1 + care_cents +', "(no price: balance)"),
    ("wording/es.toml", "[fields.unit]", "[fields.unidad]", "field unit has no words"),
    ("wording/es.toml", "[rules.licence-in-force]", "[rules.licence]", "rule licence-in-force has no words"),
    ("wording/en.toml", 'perjury = "I', 'perjure = "I', "text perjury has no words"),
    ("examples/base.toml", "pays_cents = 112800", "pays_cents = 112801", "expected 112801, found 112800"),
    ("attachments.toml", 'type = "iep-or-ifsp"', 'typ = "iep-or-ifsp"', "attachments.5.type"),
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT, ids=[f"{one[0]} {one[3]}" for one in SPOILT])
def test_lint_says_what_is_missing(spoil: Spoil, tmp_path: Path) -> None:
    file, old, new, told = spoil
    shutil.copytree(PACKS / "calworks-child-care", tmp_path / "pack")
    text = (tmp_path / "pack" / file).read_text("utf-8")
    assert old in text
    (tmp_path / "pack" / file).write_text(text.replace(old, new, 1), "utf-8")
    problems = problems_of(tmp_path / "pack")
    assert any(told in one for one in problems), problems


def test_a_directory_that_is_no_pack_says_everything_at_once(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text("id = ", "utf-8")
    (tmp_path / "feilds.toml").write_text("", "utf-8")
    with pytest.raises(PackBreach) as raised:
        load_pack(tmp_path)
    assert {one.split(":")[0] for one in raised.value.problems} == {
        *("pack.toml", "feilds.toml", "fields.toml", "facts.toml", "attachments.toml"),
        *("reasons.toml", "parameters.toml", "prices.toml"),
    }


def test_one_hash_is_of_all_that_is_said_and_one_of_what_decides(tmp_path: Path) -> None:
    def after(file: str, change: Callable[[str], str]) -> tuple[bool, bool]:
        """Whether the pack says the same, and decides the same."""
        shutil.rmtree(tmp_path / "pack", ignore_errors=True)
        shutil.copytree(PACKS / "calworks-child-care", tmp_path / "pack")
        path = tmp_path / "pack" / file
        path.write_text(change(path.read_text("utf-8")), "utf-8")
        pack = load_pack(tmp_path / "pack")
        return pack.sha256 == CHILD_CARE.sha256, pack.decides_sha256 == CHILD_CARE.decides_sha256

    laid_out = after("rules/who.toml", lambda text: "# A comment.\n\n" + text.replace(" = ", "   =  "))
    assert laid_out == (True, True)
    assert after("examples/base.toml", lambda text: text.replace("Ana", "Eva")) == (True, True)
    assert after("wording/es.toml", lambda text: text.replace("Agencia", "La agencia", 1)) == (False, True)
    assert after("prices.toml", lambda text: text.replace("cents = 169182", "cents = 169183")) == (
        False,
        False,
    )
    assert after("rules/who.toml", lambda text: text.replace("< 13", "< 14")) == (False, False)


# A form in a request.


@pytest.mark.parametrize("name", NAMES)
def test_a_form_travels_whole_and_shows_nobody(name: str) -> None:
    pack = EVERY[name]
    case = case_of(pack, "base")
    sent = sent_of(pack, case.form)
    back = ProgrammeForm.model_validate_json(sent.model_dump_json(), extra="forbid")
    assert form_of(back, case.form.attachments) == case.form
    personal = [
        str(case.form.values[one.id]) for one in pack.fields if one.sensitive and one.id in case.form.values
    ]
    assert personal and not any(one in f"{sent!r} {sent}" for one in personal)


EXAMPLE = json.loads(
    (PACKS.parent / "contracts/examples/SubmitRequest/v1/programme-form.json").read_text("utf-8")
)
SENT: list[tuple[str, Callable[[Any], Any], list[str]]] = [
    ("as it should be", lambda form: None, ["authorised agency"]),
    ("another version", lambda form: form.update(pack_version=9), ["version pack"]),
    ("a name in the open", lambda form: form["values"].update(child_id="CH-0001"), ["misplaced child_id"]),
    ("a county held back", lambda form: form["personal"].update(county="lake"), ["misplaced county"]),
    ("why a child was ill, in the open",
     lambda form: form["rows"]["days"][3]["values"].update(absence_reason="ill"), ["misplaced days[3].absence_reason"]),
    ("a field of nobody", lambda form: form["values"].update(shoe_size=42), ["unknown-field shoe_size"]),
    ("a month that is none", lambda form: form["values"].update(service_month="2026-13"), ["type service_month"]),
]  # fmt: skip


@pytest.mark.parametrize("case", SENT, ids=[one[0] for one in SENT])
def test_what_is_found_in_a_form_as_sent(case: Any) -> None:
    _, change, expected = case
    body = copy.deepcopy(EXAMPLE)
    change(body["request"]["form"])
    request = SubmitRequest.model_validate_json(json.dumps(body), extra="forbid").request
    found = assess_sent(CHILD_CARE, request, None, {"received_day": 739891})
    assert found is not None
    assert [f"{one.rule} {one.field}" for one in found.findings][: len(expected)] == expected
    assert not found.holds


# What is said of a person never leaves the form.


def with_canaries(pack: Pack) -> Form:
    form = case_of(pack, "base").form
    values = {
        one.id: "1999-12-31" if one.type == "date" else "CANARY" for one in pack.fields if one.sensitive
    }
    rows = {
        one.id: tuple([{**row, **{c.id: "CANARY" for c in one.column if c.sensitive}} for row in form.rows[one.id]])
        for one in pack.fields
        if one.id in form.rows
    }  # fmt: skip
    return Form({**form.values, **values}, rows, form.attachments)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_personal_is_a_fact_or_stands_in_a_finding(name: str) -> None:
    pack = EVERY[name]
    case, form = case_of(pack, "base"), with_canaries(pack)
    assert "CANARY" in str(dict(form.values))
    told = f"{facts_of(pack, form, case.given)} {assess(pack, form, case.authorised, case.given)} {form}"
    assert "CANARY" not in told and "1999-12-31" not in told
    assert str(date(1999, 12, 31).toordinal()) not in told


# Anything may be sent.

ANYTHING = st.one_of(
    st.booleans(), st.integers(-(10**12), 10**12), st.text(max_size=12),
    st.sampled_from(["2026-09-30", "2026-13-01", "2026-09", "weekly", "monthly", "0000-01", "9999-12"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_form_says_is_a_finding_and_never_a_crash(data: st.DataObject) -> None:
    pack = EVERY[data.draw(st.sampled_from(NAMES))]
    case = case_of(pack, "base")
    fields = [one for one in pack.fields if one.type != "table"]
    changed = data.draw(st.dictionaries(st.sampled_from([one.id for one in fields]), ANYTHING, max_size=6))
    tables = {one.id: [column.id for column in one.column] for one in pack.fields if one.column}
    table = data.draw(st.sampled_from(sorted(tables)))
    row = st.dictionaries(st.sampled_from(tables[table]), ANYTHING, max_size=5)
    rows: Any = {**case.form.rows, table: tuple(data.draw(st.lists(row, max_size=4)))}
    found = assess(pack, Form({**case.form.values, **changed}, rows), case.authorised, case.given)
    if isinstance(found.price, Price):
        assert 0 <= found.price.pays_cents <= found.price.charge_cents
        assert found.price.charge_cents == found.price.pays_cents + sum(
            one.cents for one in found.price.adjusted
        )


@settings(max_examples=40, deadline=None)
@given(
    billed=st.lists(st.integers(0, 60_000), min_size=5, max_size=5),
    fee=st.integers(0, 200_000),
    category=st.sampled_from(["weekly", "daily", "hourly", "monthly"]),
    needs=st.sampled_from(["none", "exceptional", "severe"]),
    registration=st.none() | st.integers(0, 20_000),
)
def test_a_price_is_never_above_charge_or_ceiling_and_explains_every_cent(
    billed: list[int], fee: int, category: str, needs: str, registration: int | None
) -> None:
    case = case_of(CHILD_CARE, "base")
    weeks = [
        {**row, "billed_cents": cents} for row, cents in zip(case.form.rows["weeks"], billed, strict=True)
    ]
    changed: dict[str, Any] = {
        "total_billed_cents": sum(billed), "family_fee_cents": fee, "rate_category": category, "special_needs": needs,
    }  # fmt: skip
    if registration is not None:
        changed["registration_fee_cents"] = registration
    form = Form({**case.form.values, **changed}, {**case.form.rows, "weeks": weeks})
    found = assess(CHILD_CARE, form, case.authorised, case.given).price
    assert isinstance(found, Price)
    steps = dict(found.steps)
    assert found.charge_cents == sum(billed) + (registration or 0)
    assert found.charge_cents == found.pays_cents + sum(one.cents for one in found.adjusted)
    assert 0 <= found.pays_cents <= min(found.charge_cents, int(steps["ceiling_total_cents"]))


def test_what_the_agency_printed_need_not_be_sent_back_and_may_not_be_altered() -> None:
    case = case_of(CHILD_CARE, "base")
    printed = {one.id for one in CHILD_CARE.fields if one.is_printed}
    values = {
        name: value
        for name, value in case.form.values.items()
        if name not in printed or name == "service_month"
    }
    rows = {name: value for name, value in case.form.rows.items() if name not in printed}
    assert assess(CHILD_CARE, Form(values, rows), case.authorised, case.given).holds
    for name in sorted(printed & set(case.form.values) - {"service_month"}):
        other = {**case.authorised.values}
        del other[name]
        found = assess(CHILD_CARE, case.form, Form(other, case.authorised.rows), case.given)
        assert [one.field for one in found.findings if one.rule == "altered"] == [name]
    nothing_behind = assess(CHILD_CARE, case.form, None, case.given)
    assert "authorised" in [one.rule for one in nothing_behind.findings]


def test_what_is_not_handed_in_makes_its_readers_ask_for_a_person() -> None:
    case = case_of(CHILD_CARE, "base")
    found = assess(CHILD_CARE, case.form, case.authorised, {"received_day": case.given["received_day"]})
    assert [one.rule for one in found.findings] == ["absences-within-limits"]
    assert (found.findings[0].severity, found.findings[0].reason) == ("review", "data")
    assert "alternate_days_before, closed_days_before" in found.findings[0].message


# Time that two requests share, and the clock.

DAY = date(2026, 9, 1)
MINUTE = st.integers(0, 60)


@given(
    one=st.lists(st.tuples(MINUTE, MINUTE), max_size=6), other=st.lists(st.tuples(MINUTE, MINUTE), max_size=6)
)
def test_shared_minutes_are_those_that_both_lists_hold(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    def form(pairs: list[tuple[int, int]]) -> Form:
        return Form({}, {"days": [{"on": str(DAY), "time_in": a, "time_out": b} for a, b in pairs]})

    def minutes(pairs: list[tuple[int, int]]) -> set[int]:
        return {minute for a, b in pairs for minute in range(a, b)}

    first, second = occupied(CHILD_CARE, form(one)), occupied(CHILD_CARE, form(other))
    assert (
        shared_minutes(first, second) == len(minutes(one) & minutes(other)) == shared_minutes(second, first)
    )


def test_one_child_and_month_have_one_key_whoever_sends_them() -> None:
    form = case_of(CHILD_CARE, "base").form
    key = period_key(CHILD_CARE, form)
    other_provider = Form({**form.values, "provider_id": "VENDOR-2", "child_id": " ch-0001 "})
    assert (
        key
        == period_key(CHILD_CARE, other_provider)
        != period_key(CHILD_CARE, Form({**form.values, "service_month": "2026-10"}))
    )
    assert period_key(CHILD_CARE, Form({})) is None


AGENCIES = [
    ("lake-cca", date(2026, 10, 16)), ("ccrc", date(2026, 10, 16)), ("san-diego", date(2026, 10, 12)),
    ("cocokids", date(2026, 10, 20)),
]  # fmt: skip


@pytest.mark.parametrize(("agency", "due"), AGENCIES, ids=[one[0] for one in AGENCIES])
def test_each_agency_pays_by_its_own_day(agency: str, due: date) -> None:
    values = {**case_of(CHILD_CARE, "base").form.values, "agency": agency}
    assert clock_of(CHILD_CARE, values, date(2026, 10, 2)) == PayClock(
        started_on=date(2026, 10, 2), due_on=due
    )


HOLIDAYS: list[tuple[str, date, date]] = [
    ("US-CA", date(2026, 11, 20), date(2026, 12, 8)),  # Thanksgiving and, in California, the day after it
    ("US", date(2026, 11, 20), date(2026, 12, 7)),
    ("none", date(2026, 11, 20), date(2026, 12, 4)),
    ("US-CA", date(2026, 6, 24), date(2026, 7, 9)),  # July 4 is a Saturday, observed on Friday
    ("US-CA", date(2026, 12, 21), date(2027, 1, 6)),  # over the turn of the year
]


@pytest.mark.parametrize(("place", "sent", "due"), HOLIDAYS, ids=[f"{one[0]} {one[1]}" for one in HOLIDAYS])
def test_business_days_leave_out_the_holidays_of_the_packs_place(place: str, sent: date, due: date) -> None:
    pack = CHILD_CARE.model_copy(update={"header": CHILD_CARE.header.model_copy(update={"holidays": place})})
    clock = clock_of(pack, case_of(CHILD_CARE, "base").form.values, sent)
    assert clock is not None and clock.due_on == due


def test_a_pack_that_says_no_day_has_no_clock() -> None:
    other = EVERY["in-home-support"]
    assert clock_of(other, case_of(other, "base").form.values, date(2026, 10, 2)) is None
    assert clock_of(CHILD_CARE, {}, date(2026, 10, 2)) is None


@pytest.mark.parametrize("count", [-1, 0, 367, 10**12])
@pytest.mark.parametrize("counting", ["business_days", "days", "day_of_month"])
def test_a_count_that_is_no_term_is_no_clock(
    counting: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"pay_by_counting": counting, "pay_by_count": count}
    monkeypatch.setattr("throughline.packs.pay_by.parameters_on", lambda *_: said)
    assert clock_of(CHILD_CARE, case_of(CHILD_CARE, "base").form.values, date(2026, 2, 3)) is None


HOLIDAY = date(2026, 11, 11)
CLOCK: list[tuple[str, list[Moment], Any, date | None, int]] = [
    ("ten business days", [Moment("completed", date(2026, 11, 2))], ("business_days", 10), date(2026, 11, 17), 0),
    ("a holiday", [Moment("completed", date(2026, 11, 9))], ("business_days", 3), date(2026, 11, 13), 0),
    ("ten days", [Moment("completed", date(2026, 11, 2))], ("days", 10), date(2026, 11, 12), 0),
    ("the 20th", [Moment("completed", date(2026, 11, 2))], ("day_of_month", 20), date(2026, 11, 20), 0),
    ("after the 20th", [Moment("completed", date(2026, 12, 21))], ("day_of_month", 20), date(2027, 1, 20), 0),
    ("the 30th in February", [Moment("completed", date(2026, 2, 3))], ("day_of_month", 30), date(2026, 2, 28), 0),
    ("after the 30th", [Moment("completed", date(2026, 1, 31))], ("day_of_month", 30), date(2026, 2, 28), 0),
    ("stands while returned", [Moment("completed", DAY), Moment("returned", DAY)], ("days", 10), None, 1),
    ("begins anew", [Moment("completed", date(2026, 11, 2)), Moment("returned", date(2026, 11, 4)),
                     Moment("completed", date(2026, 11, 20))], ("days", 10), date(2026, 11, 30), 1),
    ("has not begun", [], ("days", 10), None, 0),
]  # fmt: skip


@pytest.mark.parametrize("case", CLOCK, ids=[one[0] for one in CLOCK])
def test_the_clock_runs_from_what_is_properly_completed(case: Any) -> None:
    _, moments, (counting, count), due, stops = case
    clock = pay_by(moments, counting, count, {HOLIDAY})
    assert (clock.due_on, len(clock.stops)) == (due, stops)
    if due is not None:
        ended = pay_by([*moments, Moment("ended", due)], counting, count, {HOLIDAY})
        assert not ended.is_late_on(date(2030, 1, 1))
        assert clock.is_late_on(date(2030, 1, 1)) and not clock.is_late_on(due)
