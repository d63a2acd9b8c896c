"""Near and suspect duplicates, one row per rule: what repeats an earlier request, and what rightly comes again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from throughline.requests import Attachment, Payee, Subject
from throughline.sensitive import Sensitive, SensitiveDate, SensitiveTin
from throughline.submissions import SubmissionReceived
from validation.near_duplicates.keys import in_month, months, near_keys, widened
from validation.near_duplicates.past import Past
from validation.near_duplicates.person import match_person
from validation.near_duplicates.rules import (
    DuplicateRules,
    DuplicateRulesBreach,
    DuplicateRuleSets,
    load_duplicate_rules,
)
from validation.near_duplicates.verdict import judge
from validation.testing import RECEIVED_ON, SERVICE_DAY, TIN, line, received

SETS = load_duplicate_rules()
RULES = SETS.in_force_on(SERVICE_DAY)
DAY = timedelta(days=1)
OTHER_PAYEE = Payee(kind="npi", identifier="1558598797", tin=SensitiveTin("987001234"))
SAME_GROUP = Payee(kind="npi", identifier="1558598797", tin=SensitiveTin(TIN))
SHEET = Attachment(type="chart", sha256="ab" * 32)
W9 = Attachment(type="w9", sha256="cd" * 32)


def person(member: str = "A100200300", last: str = "Sorensen", first: str | None = "Marguerite",
           birth: str | None = "1984-03-12") -> Subject:  # fmt: skip
    return Subject(
        member_id=Sensitive(member),
        last_name=Sensitive(last),
        first_name=None if first is None else Sensitive(first),
        birth_date=None if birth is None else SensitiveDate(birth),
    )


def earlier(**changes: Any) -> SubmissionReceived:
    return received("EARLIER", **{"subject": person(), **changes})


def later(**changes: Any) -> SubmissionReceived:
    return received("LATER", **{"subject": person(), **changes})


def found(here: SubmissionReceived, *there: SubmissionReceived) -> str:
    """As a slice finds it: by keys first, then by comparison."""
    past = Past(SETS)
    for one in there:
        past.add(one, near_keys(one))
    verdict = judge(here, past.candidates(here, near_keys(here)), RULES)
    if verdict.likest is not None:
        return verdict.likest.kind
    return "near_miss" if verdict.near_misses else "nothing"


ALONE = person("A100200330", first=None, birth=None)
CHEAP = {"lines": (line(charge_cents=1),)}


def on(day: date, **changes: Any) -> Any:
    return line(from_date=day, to_date=day, **changes)


ROWS: list[Any] = [
    ("another amount", {}, {"lines": (line(charge_cents=15_000),)}, "near"),
    ("a slip in the member id", {}, {"subject": person("A100200330")}, "near"),
    ("swapped digits of the member id", {}, {"subject": person("A200100300")}, "near"),
    ("a slip in the member id, no birth date", {}, {"subject": person("A100200330", birth=None)}, "near"),
    ("a slip in the member id, only the last name", {}, {"subject": ALONE}, "nothing"),
    ("another member id, the same name and birth date", {}, {"subject": person("ZZ9")}, "near"),
    ("another member id, the same name, no birth date", {}, {"subject": person("ZZ9", birth=None)}, "suspect"),
    ("a slip in the name, another amount", {}, {"subject": person(last="Sorenson"), **CHEAP}, "near"),
    ("one line of three units cut into three", {"lines": (line(units_thousandths=3000, charge_cents=30_000),)},
     {"lines": tuple(line(line_id=str(at), charge_cents=10_000) for at in range(3))}, "near"),
    ("a period that overlaps", {"lines": (line(to_date=SERVICE_DAY + 20 * DAY),)},
     {"lines": (line(from_date=SERVICE_DAY + 5 * DAY, to_date=SERVICE_DAY + 25 * DAY),)}, "near"),
    ("the next day, on the same invoice", {"invoice_number": "I-7"},
     {"invoice_number": "I-7", "lines": (on(SERVICE_DAY + 6 * DAY),)}, "near"),
    ("the next day", {}, {"lines": (on(SERVICE_DAY + DAY),)}, "near_miss"),
    ("a week later", {}, {"lines": (on(SERVICE_DAY + 7 * DAY),)}, "nothing"),
    ("the next month's rent", {"lines": (line(from_date=date(2026, 10, 1), to_date=date(2026, 10, 31)),)},
     {"lines": (line(from_date=date(2026, 11, 1), to_date=date(2026, 11, 30)),)}, "nothing"),
    ("the next fill, from the day on which the last one ends",
     {"lines": (line(from_date=date(2026, 5, 4), to_date=date(2026, 8, 3)),)},
     {"lines": (line(from_date=date(2026, 8, 3), to_date=date(2026, 11, 2), charge_cents=15_000),)}, "nothing"),
    ("a day within a period", {"lines": (line(from_date=date(2026, 9, 1), to_date=date(2026, 10, 5)),)},
     {"lines": (on(date(2026, 10, 5), charge_cents=15_000),)}, "near"),
    ("another code, the same amount", {}, {"lines": (line(code="99214"),)}, "suspect"),
    ("another code, another amount", {}, {"lines": (line(code="99214", charge_cents=500),)}, "nothing"),
    ("another payee, the same amount", {}, {"payee": OTHER_PAYEE}, "suspect"),
    ("another payee, another amount", {}, {"payee": OTHER_PAYEE, "lines": (line(charge_cents=500),)}, "near_miss"),
    ("another payee and payer, nothing but the member id", {}, {"payee": OTHER_PAYEE, "payer": "bolt",
     "subject": person(last="Quill", first=None, birth=None)}, "nothing"),
    ("another number of the same taxpayer", {}, {"payee": SAME_GROUP}, "near"),
    ("the same document, another person", {"attachments": (SHEET,)},
     {"attachments": (SHEET,), "subject": person("X1", "Quill", "Bo", "2001-01-01")}, "suspect"),
    ("a document that stands with many", *({"attachments": (W9,), "subject": one}
     for one in (person(), person("X1", "Quill", "Bo", "2001-01-01"))), "nothing"),
    ("the other side of the body", {"lines": (line(modifiers=("LT",)),)},
     {"lines": (line(modifiers=("RT",)),)}, "nothing"),
    ("a separate encounter", {}, {"lines": (line(modifiers=("59",)),)}, "nothing"),
    ("repeated by the same physician", {}, {"lines": (line(modifiers=("76",)),)}, "nothing"),
    ("a modifier that says nothing of the kind", {}, {"lines": (line(modifiers=("25",)),)}, "near"),
    ("a twin under one member id", {}, {"subject": person(first="Theodore")}, "near_miss"),
    ("a sibling under one member id, no first name", *({"subject": person(first=None, birth=one)}
     for one in ("1984-03-12", "1991-08-30")), "near_miss"),
    ("the same person, a birth date that no slip explains", {}, {"subject": person(birth="1991-08-30")}, "suspect"),
    ("to the payer that comes second", {}, {"payer": "bolt", "payer_order": "S"}, "nothing"),
    ("long ago", {"received_on": RECEIVED_ON - 366 * DAY}, {"lines": (line(charge_cents=15_000),)}, "nothing"),
    ("just within the window", {"received_on": RECEIVED_ON - 365 * DAY}, CHEAP, "near"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "kind"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_an_earlier_request_makes_of_it(
    first: dict[str, Any], second: dict[str, Any], kind: str
) -> None:
    assert found(later(**second), earlier(**first)) == kind


def test_a_replacement_is_no_repetition_of_what_it_names() -> None:
    first = earlier()
    named = later(lines=(line(charge_cents=15_000),))
    again = named.model_copy(
        update={
            "request": named.request.model_copy(
                update={"frequency": "7", "payer_claim_number": first.payer_claim_number}
            )
        }
    )
    assert (found(named, first), found(again, first)) == ("near", "nothing")


def test_a_series_is_no_mistyped_day() -> None:
    days = [received(f"D{at}", subject=person(), lines=(on(SERVICE_DAY + at * DAY),)) for at in (-1, 1)]
    assert found(later(lines=(on(SERVICE_DAY),)), *days) == "nothing"


def test_what_a_reviewer_was_shown_counts_no_more() -> None:
    first, second = earlier(), later(lines=(line(charge_cents=15_000),))
    assert judge(second, [first], RULES).likest is not None
    assert judge(second, [first], RULES, shown={first.request_id}).likest is None


def test_the_verdict_names_the_worst_what_matched_and_how_much() -> None:
    by_code, by_amount = earlier(), received("B", subject=person(), lines=(line(code="97110"),))
    likest = judge(later(lines=(line(charge_cents=12_050),)), [by_amount, by_code], RULES).likest
    assert likest is not None and likest.other_request_id == by_code.request_id
    assert (likest.kind, likest.score) == ("near", 98)
    assert likest.keys == ("payee", "member", "name", "birth", "dates", "code", "amount_close", "units")


def test_keys_name_nobody_and_forgive_spelling() -> None:
    one, other = (
        near_keys(later()),
        near_keys(later(subject=person(" a100-200-300 ", "Sörensen", "MARGUERITE"))),
    )
    assert one == other
    shown = repr(one)
    assert not any(secret in shown for secret in ("A100200300", "SORENSEN", "1984"))


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (date(2026, 10, 3), date(2026, 10, 31), 1),
        (date(2026, 10, 31), date(2026, 11, 1), 2),
        (date(2026, 11, 1), date(2026, 10, 1), 1),
        (date.min, date.max, 25),
    ],
)
def test_a_row_stands_in_each_month_of_its_services_and_no_date_is_too_far(
    first: date, last: date, count: int
) -> None:
    assert len(months(first, last)) == count
    keys = near_keys(later(lines=(line(from_date=first, to_date=last),)))
    widest = widened(keys, 31)
    assert widest[0] <= first and widest[1] >= last
    stored = in_month(keys.member, months(first, last)[-1])
    assert stored is not None and keys.member < stored < 2**63


@pytest.mark.parametrize(
    ("other", "share", "apart"),
    [
        (person(), 100, False),
        (person(first="M"), 100, False),
        (person(first="B"), 10, True),
        (person(birth="1984-12-03"), 100, False),
        (person(last="Quill"), 90, False),
        (person(last="Quill", first=None, birth=None), 60, False),
        (person("X1", last="Quill"), 0, True),
        (person("A100200330", first="Theodore"), 0, True),
    ],
)
def test_the_same_person(other: Subject, share: int, apart: bool) -> None:
    matched = match_person(person(), other, RULES)
    assert (matched.share, matched.apart) == (share, apart)


def test_the_rules_in_force_are_those_of_the_day_and_their_hash_is_of_their_content() -> None:
    newer = RULES.model_copy(update={"id": "duplicates-2", "effective_from": date(2027, 1, 1)})
    changed = DuplicateRules.model_validate(newer.model_dump() | {"repeating_attachments": frozenset()})
    sets = DuplicateRuleSets([changed, RULES])
    assert [sets.in_force_on(day).id for day in (date(2026, 12, 31), date(2027, 1, 1))] == [
        RULES.id,
        "duplicates-2",
    ]
    assert changed.sha256 != RULES.sha256 == load_duplicate_rules().in_force_on(SERVICE_DAY).sha256
    with pytest.raises(DuplicateRulesBreach):
        DuplicateRuleSets([RULES, RULES])
