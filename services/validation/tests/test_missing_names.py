"""A rule that asks for what is not known is a failed check with the reason ``data``: it never passes."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from throughline.reasons import Reason, Severity
from validation.rules.engine import evaluate
from validation.rules.examples import HOLDING_CLAIM, HOLDING_LINE
from validation.rules.facts import Facts
from validation.rules.reading import read_rules
from validation.rules.rule import Rule
from validation.rules.rule_set import rule_set_of

NUMBERS = sorted(name for name, value in HOLDING_CLAIM.items() if type(value) is int)
FLAGS = sorted(name for name, value in HOLDING_CLAIM.items() if type(value) is bool)
LINE_NUMBERS = sorted(name for name, value in HOLDING_LINE.items() if type(value) is int)

atoms = st.one_of(
    st.builds(
        "{0} {1} {2}".format, st.sampled_from(NUMBERS), st.sampled_from(["<", ">=", "!="]), st.integers(0, 10)
    ),
    st.builds("{0} - {1} <= 3".format, st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)),
    st.builds("{0}{1}".format, st.sampled_from(["", "!"]), st.sampled_from(FLAGS)),
    st.builds("(true || {0})".format, st.sampled_from(FLAGS)),  # CEL: true, whatever it is
    st.builds("({0} || true)".format, st.sampled_from(FLAGS)),
    st.builds("string({0}) != ''".format, st.sampled_from(NUMBERS)),  # left to CEL
)
expressions = st.recursive(
    atoms,
    lambda inner: st.builds("({0} {1} {2})".format, inner, st.sampled_from(["&&", "||"]), inner),
    max_leaves=4,
)


def rule_of(when: str, expression: str, scope: str, severity: Severity) -> Rule:
    return Rule.model_validate(
        {
            "id": "some-rule",
            "version": 1,
            "effective_from": date(2020, 1, 1),
            "severity": severity,
            "scope": scope,
            "field": "total_cents",
            "when": when,
            "expression": expression,
            "reason": Reason.UNITS,
            "message": "It does not hold.",
            "fix": "Mend it.",
            "passing": [{"total_cents": 1}],
            "failing": [{"total_cents": 0}],
        }
    )


@given(
    when=st.one_of(st.just("true"), expressions),
    expression=expressions,
    scope=st.sampled_from(["claim", "payee", "line"]),
    severity=st.sampled_from(list(Severity)),
    data=st.data(),
)
def test_a_rule_with_a_missing_name_never_passes(
    when: str, expression: str, scope: str, severity: Severity, data: st.DataObject
) -> None:
    """Missing: not there at all, or there without a value. A person is asked, whatever the rule's own severity is."""
    rules = rule_set_of([rule_of(when, expression, scope, severity)])
    (compiled,) = (*rules.claim.rules, *rules.line.rules)
    gone = data.draw(st.sampled_from(sorted(compiled.names)))
    claim: Facts = {name: value for name, value in HOLDING_CLAIM.items() if name != gone}
    if data.draw(st.booleans()):
        claim[gone] = None
    (found,) = evaluate(rules, claim, [HOLDING_LINE])
    assert (found.rule, found.reason, found.severity) == ("some-rule", Reason.DATA, Severity.REVIEW)
    assert gone in found.message
    (reading,) = read_rules(rules, claim, [HOLDING_LINE])
    assert (reading.verdict, reading.read[gone]) == ("data", None)


@given(gone=st.sampled_from(LINE_NUMBERS))
def test_a_line_that_lacks_a_name_is_named(gone: str) -> None:
    rules = rule_set_of([rule_of("true", f"{gone} >= 0 || true", "line", Severity.DENY)])
    found = evaluate(rules, HOLDING_CLAIM, [HOLDING_LINE, {**HOLDING_LINE, gone: None}, HOLDING_LINE])
    assert [one.reason for one in found] == [Reason.DATA]
