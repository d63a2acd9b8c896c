"""A programme's own form, weighed by its pack: prices spread over lines, a month of child care from form to price."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from validation_stories import Line, only

from chassis import Context
from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.packs.directory import Packs, PackUnfit, load_packs
from throughline.packs.form import Form
from throughline.packs.header import Likeness, SharedTime
from throughline.packs.lint_examples import case_of
from throughline.packs.price import Adjusted
from throughline.packs.price import Price as PackPrice
from throughline.packs.travel import sent_of
from throughline.programmes import BankEntry, PayClock
from throughline.reasons import Reason
from throughline.reference import AuthorisationRecorded
from throughline.requests import Attachment
from throughline.sensitive import Sensitive, SensitiveTin
from throughline.submissions import SubmissionReceived
from validation.adjudication import denied
from validation.duplicate_findings import resemblance
from validation.leaving import AS_A_CLAIM, leaving
from validation.near_duplicates.hours import compared, thresholds_of
from validation.near_duplicates.rules import load_duplicate_rules
from validation.near_duplicates.verdict import NOTHING, judge
from validation.programme import findings_of_form, price_of_form, spread, weighed
from validation.quote import quote
from validation.reference import Terms, rate_table
from validation.replay import replay
from validation.rules.rule import Rule
from validation.stored_requests import read_pinned_requests
from validation.tallies import Tallies
from validation.testing import authorisation, contract, fees, line, received

PACKS_DIR = Path(__file__).parents[3] / "packs"
PACKS = load_packs(PACKS_DIR)
PACK = PACKS["calworks-child-care", 1]
CASE = case_of(PACK, "base")
PRINTED = {one.id for one in PACK.fields if one.is_printed}


def part(is_printed: bool, **changes: Any) -> Form:
    """What the agency printed of the base example, or what was filled in; the month stands in both."""

    def belongs(name: str) -> bool:
        return (name in PRINTED) is is_printed or name == "service_month"

    values = {name: value for name, value in CASE.form.values.items() if belongs(name)}
    return Form({**values, **changes}, {name: rows for name, rows in CASE.form.rows.items() if belongs(name)})


def month(cents: int = 118_800, **changes: Any) -> SubmissionReceived:
    days: dict[str, Any] = {
        "diagnosis_pointers": (),
        "from_date": date(2026, 9, 1),
        "to_date": date(2026, 9, 30),
    }
    lines = (line(line_id="1", code="CCFT", charge_cents=cents - 20_000, **days),
             line(line_id="2", code="CCFT", charge_cents=20_000, modifiers=("U1",), **days))  # fmt: skip
    return received(
        programme="child-care", lines=lines, diagnoses=(), authorisation_number="AUTH-2026-77",
        attachments=(Attachment(type="attendance", sha256="0" * 64),), received_on=date(2026, 10, 2),
        form=sent_of(PACK, part(False, **changes)),
    )  # fmt: skip


def authorised(**changes: Any) -> AuthorisationRecorded:
    return authorisation(
        number="AUTH-2026-77", codes=(), valid_from=date(2026, 1, 1), printed=sent_of(PACK, part(True, **changes))
    )  # fmt: skip


NONE_BEFORE = {"closed_days_before": 0, "alternate_days_before": 0}


def found(
    submission: SubmissionReceived, terms: Terms, counted: Mapping[str, int] = NONE_BEFORE
) -> list[str]:
    return [one.rule for one in findings_of_form(submission, terms, PACKS, submission.received_on, counted)]


def test_a_month_as_it_should_be_has_the_pack_price_and_nothing_against_it() -> None:
    terms = Terms(authorisation=authorised())
    assert found(month(), terms) == []
    assert found(month(), terms, {}) == ["absences-within-limits"], "nothing is taken for zero"
    price = price_of_form(month(), terms, PACKS)
    assert price is not None
    assert (price.paid_cents, price.patient_cents) == (112_800, 6_000)


@pytest.mark.parametrize(
    ("submission", "terms", "rules", "has_price"),
    [
        (month(), Terms(), ["authorised"], False),
        (month(), Terms(authorisation=authorised(rate_cents=26_000)), ["at-the-approved-rate"], True),
        (month(rate_cents=28_000), Terms(authorisation=authorised()), ["altered"], True),
        (month(cents=118_801), Terms(authorisation=authorised()), ["form-charge"], False),
        (month(), Terms(authorisation=authorised(rate_sheet_on_file=False)), ["form-attachment"], True),
    ],
    ids=["no authorisation", "above the rate", "altered", "lines say otherwise", "a document is missing"],
)
def test_what_stands_against_a_form(
    submission: SubmissionReceived, terms: Terms, rules: list[str], has_price: bool
) -> None:
    assert set(rules) <= set(found(submission, terms))
    assert (price_of_form(submission, terms, PACKS) is not None) is has_price


@pytest.mark.parametrize(
    "dates",
    [{"effective_to": date(2026, 8, 31)}, {"effective_from": date(2026, 9, 2)}],
    ids=["ended before", "begins later"],
)
def test_a_form_is_of_a_version_in_force_on_its_first_day(dates: dict[str, date]) -> None:
    old = PACK.model_copy(update={"header": PACK.header.model_copy(update=dates)})
    packs = {("calworks-child-care", 1): old}
    there = findings_of_form(
        month(), Terms(authorisation=authorised()), packs, date(2026, 10, 2), NONE_BEFORE
    )
    assert [one.rule for one in there] == ["form-in-force"]


OTHERS: dict[str, dict[str, Any]] = {
    "another payee's": {"payee_id": UUID(int=77)},
    "another person's": {"member_id": Sensitive("M777")},
    "another payer's": {"payer": "other"},
    "not active": {"active": False},
    "begun within the month": {"valid_from": date(2026, 9, 2)},
    "ended within the month": {"valid_to": date(2026, 9, 29)},
}


@pytest.mark.parametrize("name", OTHERS)
def test_no_form_is_paid_by_an_authorisation_that_is_not_its_own(name: str) -> None:
    """It is found by its number, and rate and hours are printed on it."""
    other = authorised().model_copy(update=OTHERS[name])
    assert found(month(), Terms(authorisation=other)) == ["form-authorisation"]


def test_an_authorisation_that_begins_within_the_month_is_good_from_its_first_day() -> None:
    """The first day of care is September 1, the last September 30."""
    exact = authorised().model_copy(update={"valid_from": date(2026, 9, 1), "valid_to": date(2026, 9, 30)})
    assert found(month(), Terms(authorisation=exact)) == []


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2026, 8, 1), date(2026, 8, 31)), (date(2026, 9, 1), date(2026, 9, 1)),
     (date(2026, 9, 15), date(2026, 9, 30)), (date(2026, 9, 1), date(2026, 10, 1))],
    ids=["another month", "its first day", "its second half", "a day more"],
)  # fmt: skip
def test_lines_have_the_days_of_the_form_so_that_the_same_month_is_found_again(
    first: date, last: date
) -> None:
    sent = month()
    lines = [one.model_copy(update={"from_date": first, "to_date": last}) for one in sent.request.lines]
    other = sent.model_copy(update={"request": sent.request.model_copy(update={"lines": tuple(lines)})})
    assert found(other, Terms(authorisation=authorised())) == ["form-period"]


def test_a_month_is_paid_by_ppd_and_explained_by_initials_and_case_number() -> None:
    found = leaving(month(), Terms(authorisation=authorised()), PACKS)
    assert found.entry == BankEntry(rail="ppd", description="CHILD CARE")
    assert found.plain is not None and found.plain.initials is not None
    assert found.plain.initials.reveal() == "A. E."
    assert [(one.label["es"], one.value.reveal()) for one in found.plain.shown] == [
        ("Número de caso", "CASE000123")
    ]
    assert [(one.why["en"], one.amount_cents) for one in found.plain.explained] == [
        ("Family fee: paid by the parent to the provider", 6_000)
    ]
    made = denied(month(), "29", found)
    assert made.plain is not None and made.plain.explained == () and not made.is_explained_by_835
    assert denied(month().model_copy(), "29").plain is None


def test_without_a_form_the_latest_pack_of_the_programme_says_how_it_is_paid() -> None:
    sent = month()
    plain = sent.model_copy(update={"request": sent.request.model_copy(update={"form": None})})
    found = leaving(plain, Terms(), PACKS)
    assert found.entry == BankEntry(rail="ppd", description="CHILD CARE")
    assert found.plain is not None and found.plain.initials is not None and found.plain.shown == ()
    medical = sent.model_copy(update={"request": sent.request.model_copy(update={"programme": "medical"})})
    assert leaving(medical, Terms(), PACKS) == AS_A_CLAIM


def test_a_programme_without_a_pack_is_stopped_and_has_no_price() -> None:
    sent = received(programme="home-meals")
    assert [one.reason for one in findings_of_form(sent, Terms(), PACKS, date(2026, 10, 2))] == [
        Reason.PROGRAMME_UNKNOWN
    ]
    priced = Terms(contract=contract(), rates=rate_table(fees().rates))
    assert quote(sent, priced, Tallies({}), PACKS).price is None
    assert quote(received(), priced, Tallies({}), PACKS).price is not None


def a_third_pack(folder: Path) -> Packs:
    """A programme that no line of code names, made of data alone."""
    shutil.copytree(PACKS_DIR / "in-home-support", folder / "home-meals")
    for path in (folder / "home-meals").rglob("*.toml"):
        text = (
            path.read_text("utf-8")
            .replace("in-home-support", "home-meals")
            .replace('"HOME CARE"', '"HOME MEALS"')
        )
        path.write_text(text.replace('rail = "ppd"', 'rail = "ccd"'), "utf-8")
    return load_packs(folder)


async def test_a_third_pack_is_decided_paid_and_explained_with_no_code(
    on: Line, context: Context, tmp_path: Path
) -> None:
    packs = context.resources.packs = a_third_pack(tmp_path)
    pack = packs["home-meals", 1]
    case = case_of(pack, "base")
    printed = sent_of(pack, case.authorised)
    await on.hears(authorisation(number="NOA-2026-9", codes=(), valid_from=date(2026, 1, 1), printed=printed))
    days: dict[str, Any] = {
        "from_date": date(2026, 9, 1),
        "to_date": date(2026, 9, 30),
        "diagnosis_pointers": (),
    }
    sent = received(
        programme="home-meals", lines=(line(line_id="1", code="INHOME", charge_cents=190_000, **days),), diagnoses=(),
        authorisation_number="NOA-2026-9", received_on=date(2026, 10, 2), form=sent_of(pack, case.form),
    )  # fmt: skip
    assert only(await on.hears(sent), ReviewOpened).proposed_cents == 187_500
    approved = only(await on.reviewer("approve"), SubmissionApproved).adjudication
    assert approved.entry == BankEntry(rail="ccd", description="HOME MEALS")
    assert approved.plain is not None and approved.plain.heading["en"] == "In-home support payment"
    assert approved.programme == "home-meals" and not approved.is_explained_by_835


def test_a_form_of_another_programme_than_the_request_is_not_weighed() -> None:
    """Rail and remittance go by the request's programme: its price must not come from another's pack."""
    sent = month()
    other = sent.model_copy(update={"request": sent.request.model_copy(update={"programme": "medical"})})
    assert found(other, Terms(authorisation=authorised())) == ["form-pack"]
    assert price_of_form(other, Terms(authorisation=authorised()), PACKS) is None


def test_a_form_of_a_pack_that_is_not_here_waits_for_a_person_and_has_no_price() -> None:
    terms = Terms(authorisation=authorised())
    assert [one.rule for one in findings_of_form(month(), terms, {}, date(2026, 10, 2))] == ["form-pack"]
    assert (
        price_of_form(month(), terms, {}) is None and weighed(month(), terms, {}, date(2026, 10, 2)) is None
    )


@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=6), st.data())
def test_adjustments_are_spread_to_the_cent_and_no_line_goes_below_zero(
    charges: list[int], data: st.DataObject
) -> None:
    left, adjusted = sum(charges), []
    for name, group in (("a", "PR"), ("b", "CO"), ("c", "PR")):
        cents = data.draw(st.integers(0, left))
        left -= cents
        if cents:
            adjusted.append(Adjusted(name, group, "45", cents))
    price = spread(PackPrice(sum(charges), left, tuple(adjusted), ()), charges)
    assert price.paid_cents == left
    assert price.patient_cents == sum(one.cents for one in adjusted if one.group == "PR")
    for charge, one in zip(charges, price.lines, strict=True):
        assert one.paid_cents >= 0 and one.charge_cents == charge
        assert charge == one.paid_cents + sum(other.cents for other in one.others)


@pytest.mark.parametrize("name", sorted({rule.id for pack in PACKS.values() for rule in pack.rules}))
def test_a_rule_of_a_pack_has_the_format_of_the_catalogue(name: str) -> None:
    """But for loops: a form has tables to go through, and a pack comes with a release, not from whoever uploads."""
    for pack in PACKS.values():
        told = {one.id: one.reason for one in pack.reasons}
        for rule in pack.rules:
            if rule.id == name:
                said = rule.model_dump(mode="json", exclude={"passing", "failing"})
                said["reason"] = told.get(rule.reason, rule.reason)
                said["expression"] = "true"
                Rule.model_validate({**said, "passing": [{}], "failing": [{}]})


HOURS: list[tuple[str, dict[str, int], bool]] = [
    ("the same hours", {"time_in": 485, "time_out": 1015}, True),
    ("a minute of them", {"time_in": 1014, "time_out": 1080}, True),
    ("after them", {"time_in": 1015, "time_out": 1080}, False),
]


@pytest.mark.parametrize(("times", "shared"), [one[1:] for one in HOURS], ids=[one[0] for one in HOURS])
def test_two_providers_who_bill_the_same_hours_of_a_child_are_found(
    times: dict[str, int], shared: bool
) -> None:
    """Whatever else they bill: another amount, another payee."""
    here = month()
    rows: dict[str, Any] = {"days": ({"on": "2026-09-01", **times},)}
    theirs = here.request.model_copy(
        update={
            "form": sent_of(PACK, Form({"service_month": "2026-09"}, rows)),
            "lines": here.request.lines[:1],
            "payee": here.request.payee.model_copy(update={"tin": SensitiveTin("987654320")}),
            "attachments": (),
        }
    )
    there = here.model_copy(
        update={"request": theirs, "request_id": UUID(int=5), "payee_id": UUID(int=6), "partner": "other"}
    )
    rules = load_duplicate_rules().in_force_on(date(2026, 9, 1))
    found = judge(here, [there], rules, packs=PACKS).likest
    assert (found is not None and "hours" in found.keys) is shared
    if found is not None and shared:
        assert "hours of a day" in resemblance(found, rules).message
    assert not shared or (found is not None and found.kind in ("near", "suspect"))
    if not shared:
        assert judge(here, [there], rules, packs=PACKS) == NOTHING, (
            "a morning and an evening are two services"
        )
        beside = there.model_copy(update={"payee_id": here.payee_id})
        assert judge(here, [beside], rules, packs=PACKS).likest is not None, (
            "one payee's are still asked about"
        )


def test_from_when_on_time_is_shared_and_how_likeness_is_weighed_is_dated_data_of_the_pack() -> None:
    header = PACK.header
    later = SharedTime(
        version=2, effective_from=date(2026, 9, 1), minutes=30,
        likeness=Likeness(near=99, suspect=98, near_miss=97, window_days=30),
    )  # fmt: skip
    dated = header.duplicates.model_copy(
        update={
            "shared_time": (
                header.duplicates.shared_time[0].model_copy(update={"effective_to": date(2026, 8, 31)}),
                later,
            )
        }
    )
    changed = header.model_copy(update={"duplicates": dated})
    packs = {("calworks-child-care", 1): PACK.model_copy(update={"header": changed})}
    here = month().request
    rows: dict[str, Any] = {"days": ({"on": "2026-09-01", "time_in": 1000, "time_out": 1080},)}
    other = here.model_copy(update={"form": sent_of(PACK, Form({"service_month": "2026-09"}, rows))})
    assert compared(here, other, PACKS) == (15, True, 1)
    assert compared(here, other, packs) == (15, False, 2)
    assert dated.in_force_on(date(2026, 8, 1)) == dated.shared_time[0]
    rules = load_duplicate_rules().in_force_on(date(2026, 9, 1))
    assert thresholds_of(here, rules, packs) == rules.programmes["child-care"], "the rules name the programme"
    medical_alone = rules.model_copy(update={"programmes": {"medical": rules.programmes["medical"]}})
    assert thresholds_of(here, medical_alone, packs).near == 99
    assert thresholds_of(here, medical_alone, PACKS) == rules.programmes["medical"]


def test_a_directory_with_an_unfit_pack_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "pack.toml").write_text('id = "half"', "utf-8")
    with pytest.raises(PackUnfit, match=r"half: fields\.toml: missing"):
        load_packs(tmp_path)


async def test_a_month_of_care_is_priced_by_its_pack_and_approved_by_a_person(
    on: Line, context: Context
) -> None:
    context.resources.packs = PACKS
    await on.hears(authorised())
    opened = only(await on.hears(month()), ReviewOpened)
    assert opened.proposed_cents == 112_800
    assert opened.pay_by == PayClock(started_on=date(2026, 10, 2), due_on=date(2026, 10, 16))
    said = await on.reviewer("approve")
    approved = only(said, SubmissionApproved).adjudication
    assert (approved.charge_cents, approved.paid_cents, approved.patient_responsibility_cents) == (
        118_800,
        112_800,
        6_000,
    )
    assert {(one.group, one.carc) for each in approved.lines for one in each.adjustments} == {("PR", "3")}
    async with context.pool.acquire() as db:
        stored = await read_pinned_requests(db, context.resources, [month().request_id])
    again = replay(stored, date(2026, 1, 1), date(2026, 12, 31), context.resources.catalogue, PACKS)
    assert (again.compared, again.differences) == (1, [])


async def test_a_month_whose_print_was_altered_is_stopped(on: Line, context: Context) -> None:
    context.resources.packs = PACKS
    await on.hears(authorised())
    assert (
        only(await on.hears(month(rate_cents=1)), SubmissionExcepted).reason is Reason.AUTHORISATION_INVALID
    )
