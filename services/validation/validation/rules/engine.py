"""Evaluate a rule set: facts in, findings out. A rule that cannot be evaluated asks for a person; it never passes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import cel

from throughline.findings import Finding
from throughline.reasons import Reason, Severity
from validation.rules.facts import Facts
from validation.rules.reading import read_rule
from validation.rules.rule import Rule
from validation.rules.rule_set import CompiledRule, Joined, RuleSet, Scope

MESSAGE_CHARACTERS_MAX = 400
_NAMED = re.compile(r"\{([a-z_]+)\}")
NO_RULES_FINDING = "catalogue"
"""Stands for a rule where none is in force."""
FINDINGS_MAX = 100
"""A request of 50 lines can break every line rule in each; more findings than this help nobody."""


def evaluate(rule_set: RuleSet, claim: Facts, lines: Sequence[Facts]) -> list[Finding]:
    """What does not hold, claim rules first, then line by line, each in the order of rule ids."""
    if not rule_set.claim.rules and not rule_set.line.rules:
        return [_no_rules()]
    found: list[Finding] = []
    facts = dict(claim)
    _run(rule_set.claim, None, facts, found)
    if rule_set.line.rules:
        for position, line in enumerate(lines):
            facts.update(line)  # every line has the same names, so nothing of the one before is left
            _run(rule_set.line, position, facts, found)
    return found[:FINDINGS_MAX]


def _run(scope: Scope, position: int | None, facts: Facts, found: list[Finding]) -> None:
    """All at once; only where that is not plainly true, one by one to see which."""
    holds = scope.plain.holds(facts) and (scope.others is None or _hold(scope.others, facts))
    if not holds and not _hold(scope.whole, facts):
        _run_each(scope, position, facts, found)
    if scope.wide is not None and not scope.wide.holds(facts):
        found += [_near_miss(one.rule, position, left) for one, left in narrowly(scope.rules, facts)]


def narrowly(rules: Sequence[CompiledRule], facts: Facts) -> Iterator[tuple[CompiledRule, int | float]]:
    """The rules that hold with no more to spare than they say is near, and how much that is."""
    for one in rules:
        if one.rule.near is None:
            continue
        reading = read_rule(one, facts, None)
        if reading.is_near and reading.margin is not None:
            yield one, reading.margin


def _run_each(scope: Scope, position: int | None, facts: Facts, found: list[Finding]) -> None:
    context = _context(facts)
    for one in scope.rules:
        if any(facts.get(name) != value for name, value in one.rule.selectors().items()):
            continue
        if unknown := sorted(name for name in one.names if facts.get(name) is None):
            found.append(_unknown(one.rule, position, unknown))
            continue
        try:
            holds = one.program.execute(context)
        except Exception as error:
            found.append(_failed_to_run(one.rule, position, type(error).__name__))
            continue
        if holds is False:
            found.append(_broken(one.rule, position, facts))
        elif holds is not True:
            found.append(
                _failed_to_run(one.rule, position, f"{type(holds).__name__} instead of true or false")
            )


def _hold(rules: Joined, facts: Facts) -> bool:
    """In CEL ``true || unknown`` is true: names are looked up first, so that an unknown one never lets a rule pass."""
    try:
        return None not in map(facts.get, rules.names) and rules.program.execute(_context(facts)) is True
    except Exception:  # whatever CEL raises, the rule at fault says so when it is asked alone
        return False


def _context(facts: Facts) -> cel.Context:
    """CEL asks for what a rule reads; handing it everything would cost a sixth more."""
    context = cel.Context()
    context.set_variable_resolver(facts.get)
    return context


def _broken(rule: Rule, position: int | None, facts: Facts) -> Finding:
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        severity=rule.severity,
        reason=rule.reason,
        field=_field(rule, position),
        message=_told(rule.message, facts),
        fix=_told(rule.fix, facts),
    )


def _told(text: str, facts: Facts) -> str:
    """A rule's sentence, with what it names in braces; facts say nothing of persons."""
    if "{" in text:
        text = _NAMED.sub(lambda found: str(facts.get(found[1], found[0])), text)
    return text[:MESSAGE_CHARACTERS_MAX]


def _near_miss(rule: Rule, position: int | None, left: int | float) -> Finding:
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        severity=Severity.NOTE,
        reason=rule.reason,
        field=_field(rule, position),
        message=f"It held with {left:g} to spare.",
    )


def _unknown(rule: Rule, position: int | None, names: Sequence[str]) -> Finding:
    why = f"The rule asks for what is not known here: {', '.join(names)}."
    return _undecided(
        rule, position, Reason.DATA, why, "Decide by hand, and have the rule or its data mended."
    )


def _failed_to_run(rule: Rule, position: int | None, why: str) -> Finding:
    """The error's text is left out: it may repeat a value."""
    why = f"The rule could not be evaluated ({why})."
    return _undecided(
        rule, position, Reason.RULE_FAILED_TO_RUN, why, "Decide by hand, and have the rule mended."
    )


def _undecided(rule: Rule, position: int | None, reason: Reason, why: str, fix: str) -> Finding:
    """Whatever a rule's own severity is: what could not be asked, a person decides."""
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        severity=Severity.REVIEW,
        reason=reason,
        field=_field(rule, position),
        message=why[:MESSAGE_CHARACTERS_MAX],
        fix=fix,
    )


def _no_rules() -> Finding:
    return Finding(
        rule=NO_RULES_FINDING,
        rule_version=1,
        severity=Severity.REVIEW,
        reason=Reason.RULE_FAILED_TO_RUN,
        field="lines",
        message="No rule is in force on the first service day.",
        fix="Decide by hand; check the service dates.",
    )


def _field(rule: Rule, position: int | None) -> str:
    return rule.field if position is None else rule.field.replace("#", str(position))
