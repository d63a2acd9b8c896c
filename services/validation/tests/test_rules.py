"""Every rule of the catalogue with its own examples, and the engine around them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from throughline.reasons import Reason, Severity
from validation.rules.engine import FINDINGS_MAX, evaluate
from validation.rules.examples import HOLDING_CLAIM, HOLDING_LINE, holding_but
from validation.rules.rule import Rule
from validation.rules.rule_set import (
    Catalogue,
    CatalogueBreach,
    content_hash,
    load_catalogue,
    rule_set_of,
    rules_in,
)

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 2)

EXAMPLES = [
    pytest.param(rule, example, holds, id=f"{rule.id}-{'holds' if holds else 'broken'}-{number}")
    for rule in CATALOGUE.rules
    for examples, holds in ((rule.passing, True), (rule.failing, False))
    for number, example in enumerate(examples)
]


def broken_rules(catalogue: Catalogue, changes: dict[str, Any]) -> set[str]:
    """The rules broken by a request in which everything else holds."""
    claim, line_ = holding_but(changes)
    return {finding.rule for finding in evaluate(catalogue.in_force_on(TODAY), claim, [line_])}


@pytest.mark.parametrize(("rule", "example", "holds"), EXAMPLES)
def test_each_rule_does_what_its_examples_say(rule: Rule, example: dict[str, Any], holds: bool) -> None:
    always = {"effective_from": date(1900, 1, 1), "effective_to": None, "near": None}
    alone = Catalogue([rule.model_copy(update=always)])
    assert broken_rules(alone, example) == (set() if holds else {rule.id})


def test_a_request_in_which_everything_holds_breaks_no_rule() -> None:
    assert broken_rules(CATALOGUE, {}) == set()


def test_there_are_enough_rules_and_each_says_how_to_mend_it() -> None:
    assert len(CATALOGUE.rules) >= 20
    assert all(rule.fix and rule.message for rule in CATALOGUE.rules)


def test_the_catalogue_covers_the_reasons_of_domain_facts() -> None:
    covered = {rule.reason for rule in CATALOGUE.rules}
    wanted = {
        *(
            Reason.NPI_CHECK_DIGIT,
            Reason.TIN_FORMAT,
            Reason.TIN_MISMATCH,
            Reason.TOTAL_MISMATCH,
            Reason.ZERO_CHARGE,
        ),
        *(Reason.SERVICE_DATE_FUTURE, Reason.SERVICE_DATES_REVERSED, Reason.DIAGNOSIS_POINTER, Reason.UNITS),
        *(
            Reason.DIAGNOSIS_MISSING,
            Reason.DIAGNOSIS_REPEATED,
            Reason.PLACE_OF_SERVICE,
            Reason.LINE_ID_REPEATED,
        ),
        *(
            Reason.LINE_REPEATED,
            Reason.FREQUENCY_REFERENCE,
            Reason.PROVIDER_NOT_ENROLLED,
            Reason.RENDERING_PROVIDER,
        ),
        *(
            Reason.PAYER_UNKNOWN,
            Reason.NO_CONTRACT,
            Reason.AUTHORISATION_MISSING,
            Reason.AUTHORISATION_INVALID,
        ),
        *(Reason.TIMELY_FILING, Reason.SUBSCRIBER_MISSING, Reason.MODIFIER, Reason.PROCEDURE_CODE),
        *(Reason.ATTACHMENT_MISSING, Reason.RULE_ASKS_REVIEW),
    }
    assert wanted <= covered


def test_a_sentence_names_what_a_fact_says() -> None:
    claim = {**HOLDING_CLAIM, "missing_attachments": "treatment-plan, referral"}
    (found,) = evaluate(CATALOGUE.in_force_on(TODAY), claim, [HOLDING_LINE])
    assert (found.reason, found.severity, found.field) == (
        Reason.ATTACHMENT_MISSING,
        "exception",
        "attachments",
    )
    assert "not there: treatment-plan, referral." in found.message
    assert found.fix == "Attach it (treatment-plan, referral) and send a correction."
    for one in CATALOGUE.rules:
        known = HOLDING_CLAIM.keys() | (HOLDING_LINE.keys() if one.scope == "line" else set())
        assert set(re.findall(r"{([^}]*)}", one.message + one.fix)) <= known


def test_a_line_rule_names_each_line_that_breaks_it() -> None:
    lines = [HOLDING_LINE, {**HOLDING_LINE, "units_thousandths": 0}, {**HOLDING_LINE, "units_thousandths": 0}]
    found = evaluate(CATALOGUE.in_force_on(TODAY), HOLDING_CLAIM, lines)
    assert [(one.rule, one.field) for one in found] == [
        ("units-above-zero", "lines[1].units_thousandths"),
        ("units-above-zero", "lines[2].units_thousandths"),
    ]


def test_findings_are_bounded() -> None:
    lines = [{**HOLDING_LINE, "units_thousandths": 0, "charge_cents": 0, "place_known": False}] * 50
    assert len(evaluate(CATALOGUE.in_force_on(TODAY), HOLDING_CLAIM, lines)) == FINDINGS_MAX


def rule(**changes: Any) -> Rule:
    values: dict[str, Any] = {
        "id": "test-rule",
        "version": 1,
        "effective_from": date(2000, 1, 1),
        "severity": Severity.DENY,
        "scope": "claim",
        "field": "total_cents",
        "expression": "total_cents > 0",
        "reason": Reason.ZERO_CHARGE,
        "message": "m",
        "fix": "f",
        "passing": ({"total_cents": 1},),
        "failing": ({"total_cents": 0},),
    }
    return Rule(**{**values, **changes})


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("total_cents > 'text'", id="types that do not compare"),
        pytest.param("total_cents / 0 > 1", id="division by zero"),
        pytest.param("total_cents + 1", id="not true or false"),
        pytest.param("null", id="null"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_asks_for_a_review_and_never_passes(expression: str) -> None:
    catalogue = Catalogue([rule(expression=expression)])
    found = evaluate(catalogue.in_force_on(TODAY), HOLDING_CLAIM, [HOLDING_LINE])
    assert [(one.reason, one.severity) for one in found] == [(Reason.RULE_FAILED_TO_RUN, Severity.REVIEW)]
    assert "12000" not in found[0].message


@pytest.mark.parametrize(
    "expression",
    ["no_such_fact > 0", "no_such_fact != 5", "no_such_fact == null", "total_cents > 0 || no_such_fact > 0"],
)
def test_a_name_that_nobody_knows_is_never_a_pass(expression: str) -> None:
    catalogue = Catalogue([rule(expression=expression)])
    (found,) = evaluate(catalogue.in_force_on(TODAY), HOLDING_CLAIM, [HOLDING_LINE])
    assert (found.reason, found.severity) == (Reason.DATA, Severity.REVIEW)
    assert "no_such_fact" in found.message


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"programme": "medical"}, True),
        ({"programme": "child-care"}, False),
        ({"payer": "acme"}, True),
        ({"payer": "other"}, False),
        ({"payer": "acme", "programme": "child-care"}, False),
        ({"payer": "acme", "when": "total_cents < 0"}, False),
        ({"payer": "other", "expression": "no_such_fact"}, False),
    ],
)
def test_a_rule_applies_to_its_programme_and_payer_only(changes: dict[str, Any], broken: bool) -> None:
    catalogue = Catalogue([rule(**{"expression": "total_cents < 0", **changes})])
    assert bool(evaluate(catalogue.in_force_on(TODAY), HOLDING_CLAIM, [])) is broken


def test_what_a_rule_does_not_use_changes_no_hash() -> None:
    """Decisions of earlier releases name the set by this hash."""
    assert rule(scope="request").content() == rule().content()
    assert not {"programme", "payer", "margin"} & rule().content().keys()
    assert content_hash([rule(payer="acme")]) != content_hash([rule()])
    assert content_hash([rule(margin="total_cents")]) == content_hash([rule()])


def test_before_the_first_rule_a_person_must_look() -> None:
    found = evaluate(CATALOGUE.in_force_on(date(1899, 12, 31)), HOLDING_CLAIM, [HOLDING_LINE])
    assert [(one.reason, one.severity) for one in found] == [(Reason.RULE_FAILED_TO_RUN, Severity.REVIEW)]


def test_the_service_date_chooses_the_version_of_a_rule() -> None:
    old = rule(effective_to=date(2026, 6, 30), expression="total_cents > 5")
    new = rule(version=2, effective_from=date(2026, 7, 1), expression="total_cents > 9")
    catalogue = Catalogue([new, old])
    versions = {
        day: [one.version for one in catalogue.in_force_on(day).rules]
        for day in (date(1999, 12, 31), date(2000, 1, 1), date(2026, 6, 30), date(2026, 7, 1))
    }
    assert list(versions.values()) == [[], [1], [1], [2]]
    assert len({catalogue.in_force_on(day).sha256 for day in versions}) == 3


def test_the_hash_covers_what_a_rule_decides_and_not_its_examples() -> None:
    same = rule(passing=({"total_cents": 7},))
    assert content_hash([rule()]) == content_hash([same])
    for changed in (
        rule(expression="total_cents > 1"),
        rule(severity=Severity.REVIEW),
        rule(message="other"),
    ):
        assert content_hash([changed]) != content_hash([rule()])


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([rule(), rule()], "twice"),
        ([rule(), rule(version=2, effective_from=date(2020, 1, 1))], "overlap"),
        ([rule(expression="total_cents >")], "not CEL"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(rules: list[Rule], says: str) -> None:
    with pytest.raises(CatalogueBreach, match=says):
        Catalogue(rules)


@pytest.mark.parametrize("text", ["[[rule]]\nid = 'x'", "rules = 1", "[[rule]\n"])
def test_a_file_that_is_not_a_catalogue_is_named(text: str) -> None:
    with pytest.raises(CatalogueBreach, match=r"bad\.toml"):
        rules_in({"bad.toml": text})


def test_examples_name_only_facts_that_exist() -> None:
    known = HOLDING_CLAIM.keys() | HOLDING_LINE.keys()
    for one in CATALOGUE.rules:
        for example in (*one.passing, *one.failing):
            assert example.keys() <= known, one.id


NARROW = rule(expression="total_cents <= 10000", margin="10000 - total_cents", near=500)


@pytest.mark.parametrize(
    ("near", "facts", "told"),
    [
        (NARROW, {"total_cents": 9_499}, []),
        (NARROW, {"total_cents": 9_500}, [("note", "It held with 500 to spare.")]),
        (NARROW, {"total_cents": 10_000}, [("note", "It held with 0 to spare.")]),
        (NARROW, {"total_cents": 10_001}, [("deny", "m")]),
        (rule(**{**NARROW.model_dump(), "when": "signed"}), {"total_cents": 10_000, "signed": False}, []),
        (rule(**{**NARROW.model_dump(), "payer": "other"}), {"total_cents": 10_000}, []),
        # a margin that only CEL can work out
        (
            rule(**{**NARROW.model_dump(), "margin": "(10000 - total_cents) * 2"}),
            {"total_cents": 9_900},
            [("note", "It held with 200 to spare.")],
        ),
        (
            rule(**{**NARROW.model_dump(), "margin": "10000 / (total_cents - 9900)"}),
            {"total_cents": 9_900},
            [],
        ),
    ],
    ids=[
        "wide",
        "narrow",
        "at the limit",
        "broken",
        "when it is not asked",
        "another payer's",
        "by CEL",
        "no number",
    ],
)
def test_a_rule_that_only_just_holds_is_told_as_a_note(
    near: Rule, facts: dict[str, Any], told: list[tuple[str, str]]
) -> None:
    claim, line_ = holding_but(facts)
    found = evaluate(rule_set_of([near, rule(id="another-rule")]), claim, [line_])
    assert [(one.severity, one.message) for one in found] == told


def test_near_needs_a_margin_and_counts_in_the_hash_only_where_it_is_used() -> None:
    with pytest.raises(ValueError, match="names no margin"):
        rule(near=1)
    plain = rule()
    assert content_hash([plain]) == content_hash([rule(margin="total_cents")])
    assert (
        len({content_hash([one]) for one in (plain, NARROW, rule(**{**NARROW.model_dump(), "near": 1}))}) == 3
    )
