"""What each rule of a set read and came to: the same rules as ``engine`` runs, one by one, slowly, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import cel

from validation.rules.facts import Facts
from validation.rules.rule import Rule
from validation.rules.rule_set import CompiledRule, RuleSet

Verdict = Literal["passed", "broken", "not_applicable", "data", "failed_to_run"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One rule beside one request or line. ``read`` are the facts it asked for, in their order; no personal data."""

    rule: Rule
    line: int | None
    """The line's position, from 0; None where the whole request or the payee is judged."""
    verdict: Verdict
    read: dict[str, Any]
    margin: int | float | None = None
    """How near a pass was; below 0 the rule is broken. None where the rule names no margin."""

    @property
    def is_near(self) -> bool:
        """Whether it held, with no more to spare than the rule says is near."""
        near, margin = self.rule.near, self.margin
        return self.verdict == "passed" and near is not None and margin is not None and margin <= near


def read_rules(rule_set: RuleSet, claim: Facts, lines: Sequence[Facts]) -> Iterator[Reading]:
    """Every rule of the set, those of the request first, then those of each line."""
    for one in rule_set.claim.rules:
        yield read_rule(one, claim, None)
    for position, line in enumerate(lines):
        facts = {**claim, **line}
        for one in rule_set.line.rules:
            yield read_rule(one, facts, position)


def read_rule(one: CompiledRule, facts: Facts, position: int | None) -> Reading:
    rule, read = one.rule, dict[str, Any]()
    if any(facts.get(name) is None for name in one.names) and _selected(rule, facts):
        return Reading(rule, position, "data", {name: facts.get(name) for name in sorted(one.names)})
    applies = _run(rule.applies_when(), facts, read)
    if applies is False:
        return Reading(rule, position, "not_applicable", read)
    holds = _run(rule.expression, facts, read) if applies is True else applies
    verdict: Verdict = "passed" if holds is True else "broken" if holds is False else "failed_to_run"
    margin = None if rule.margin is None else _run(rule.margin, facts, {})
    known = isinstance(margin, int | float) and not isinstance(margin, bool)
    return Reading(rule, position, verdict, read, margin if known else None)


def _selected(rule: Rule, facts: Facts) -> bool:
    return all(facts.get(name) == value for name, value in rule.selectors().items())


def _run(source: str, facts: Facts, read: dict[str, Any]) -> Any:
    """What the expression comes to, noting what it asks for; None where it cannot be evaluated."""

    def look_up(name: str) -> Any:
        read[name] = facts.get(name)
        return read[name]

    context = cel.Context()
    context.set_variable_resolver(look_up)
    try:
        return _program(source).execute(context)
    except Exception:  # whatever CEL raises; the engine has said so as a finding
        return None


@lru_cache(maxsize=2_000)
def _program(source: str) -> cel.Program:
    return cel.compile(source)
