"""Catalogue files before they are published: every problem at once, what changes, what examples come to."""

from __future__ import annotations

from datetime import date

import pytest

from validation.rules.examples import HOLDING_CLAIM, HOLDING_LINE
from validation.rules.facts import facts_of_claim, facts_of_line
from validation.rules.rule_set import Catalogue, CatalogueBreach, rules_in
from validation.rules.workbench import diff, lint, run_examples
from validation.testing import RECEIVED_ON, received, reference


def text(**changes: str) -> str:
    values = {
        "id": '"charge-positive"',
        "version": "1",
        "effective_from": "2020-01-01",
        "severity": '"deny"',
        "scope": '"request"',
        "field": '"total_cents"',
        "expression": '"total_cents > 0"',
        "reason": '"zero_charge"',
        "message": '"Charges {total_cents}."',
        "fix": '"Charge something."',
        "passing": "[{ total_cents = 1 }]",
        "failing": "[{ total_cents = 0 }]",
    }
    return (
        "[[rule]]\n" + "\n".join(f"{name} = {value}" for name, value in {**values, **changes}.items()) + "\n"
    )


def problems(**files: str) -> list[tuple[str, str | None, str]]:
    return [
        (one.file, one.rule, one.problem)
        for one in lint({f"{name}.toml": content for name, content in files.items()})
    ]


def test_a_sound_catalogue_has_no_problem() -> None:
    assert problems(one=text()) == []


@pytest.mark.parametrize("dates", [{"effective_to": "9999-12-31"}, {"effective_from": "9999-12-31"}], ids=str)
def test_what_has_no_problem_starts_the_service_up_to_the_calendars_last_day(dates: dict[str, str]) -> None:
    """The last day is a usual way to write "without end"."""
    assert problems(one=text(**dates)) == []
    (rule,) = Catalogue(rules_in({"one.toml": text(**dates)})).in_force_on(date.max).rules
    assert rule.id == "charge-positive"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (text(expression='"total_cents >"'), "expression is not CEL"),
        (text(when='"nobody_knows"'), "when asks for what a rule of scope claim cannot read: nobody_knows"),
        (text(expression='"from_day > 0"'), "cannot read: from_day"),
        (text(scope='"payee"'), "a rule of scope payee cannot read: total_cents"),
        (text(margin='"nothing"'), "margin asks for what"),
        (text(fix='"Charge {nothing}."'), "fix names no fact: nothing"),
        (text(passing="[{ total_cents = 0 }]"), "passing example 1 does not do what it says: fails"),
        (
            text(failing="[{ total_cents = 0 }, { nothing = 1 }]"),
            "failing example 2 does not do what it says",
        ),
        (text(effective_to="2019-01-01"), "effective_to is before effective_from"),
        (text(reason='"no such reason"'), "reason: Input should be"),
        (text(colour='"red"'), "colour: Extra inputs are not permitted"),
        (text() + text(), "has version 1 twice"),
        (text() + text(version="2"), "versions 1 and 2 of rule charge-positive overlap"),
        ("rule = 1", "holds no [[rule]]"),
        ("[[rule]", "not TOML"),
    ],
)
def test_each_problem_is_named_with_its_file(wrong: str, says: str) -> None:
    found = problems(good=text(id='"another-rule"'), wrong=wrong)
    assert found and all(file == "wrong.toml" for file, _, _ in found)
    assert any(says in told for _, _, told in found), found


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (text(expression='"1' + "+1" * 50_000 + ' > 0"'), "not TOML: a line is longer"),
        (text(expression='"""1' + "\n+1" * 50_000 + ' > 0"""'), "at most 1000 characters"),
        (text(margin='"[1].map(x, x)"'), "goes through a list: map"),
        (text(when='"[1].all(x, [1].exists(y, x == y))"'), "goes through a list: all"),
        ("a = " + "[\n" * 5_000, "nested too deep"),
        ("a" + ".a" * 5_000 + " = 1", "a line is longer"),
        ("a = " + "1" * 1_900 + "0\nb = 0x" + "f" * 1_900, "holds no"),
    ],
    ids=["long line", "long sum", "loop", "loops", "brackets", "dots", "digits"],
)
def test_no_text_takes_the_service_down(wrong: str, says: str) -> None:
    assert any(says in told for _, _, told in problems(wrong=wrong)), problems(wrong=wrong)
    with pytest.raises(CatalogueBreach):
        Catalogue(rules_in({"wrong.toml": wrong}))


def test_the_longest_expression_is_compiled() -> None:
    longest = text(expression='"total_cents > 0' + "+0" * 492 + '"')
    assert problems(one=longest) == [] and Catalogue(rules_in({"one.toml": longest})).sets


def test_all_problems_are_told_at_once_and_what_starts_the_service_agrees() -> None:
    wrong = {"a.toml": text(expression='"("'), "b.toml": "[[rule]", "c.toml": text(id='"x"')}
    assert {one.file for one in lint(wrong)} == set(wrong)
    for file, content in wrong.items():
        with pytest.raises(CatalogueBreach):
            Catalogue(rules_in({file: content}))


def test_a_difference_names_rules_versions_dates_and_fields() -> None:
    old = {"a.toml": text() + text(id='"goes-away"')}
    new = {
        "b.toml": text(effective_to="2026-12-31", message='"No charge."')
        + text(version="2", effective_from="2027-01-01")
    }
    told = [(one.change, one.rule, one.version, one.effective_from.year, one.what) for one in diff(old, new)]
    assert told == [
        ("changed", "charge-positive", 1, 2020, ["effective_to", "message"]),
        ("added", "charge-positive", 2, 2027, []),
        ("removed", "goes-away", 1, 2020, []),
    ]
    assert diff(old, {"other-file.toml": old["a.toml"]}) == []
    with pytest.raises(CatalogueBreach, match=r"bad\.toml"):
        diff(old, {"bad.toml": "[[rule]"})


def test_examples_come_to_what_they_say_or_not() -> None:
    runs = run_examples(
        {"a.toml": text(failing="[{ total_cents = 0 }, { total_cents = 5 }]", payer='"other"')}
    )
    assert [(one.example, one.holds, one.came_to) for one in runs] == [
        ("passing 1", True, "passes"),
        ("failing 1", True, "fails"),
        ("failing 2", False, "passes"),
    ]


def test_the_request_in_which_everything_holds_has_exactly_the_facts_that_requests_have() -> None:
    submission = received()
    terms = reference().terms_for(submission)
    claim = facts_of_claim(submission, terms, RECEIVED_ON)
    line = facts_of_line(submission.request, submission.request.lines[0], terms)
    assert (claim.keys(), line.keys()) == (HOLDING_CLAIM.keys(), HOLDING_LINE.keys())
    assert date.fromordinal(claim["received_day"]) == RECEIVED_ON
