"""The catalogue: rules read from dated TOML files, checked once at start, and the sets in force between their dates."""

from __future__ import annotations

import ast
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from typing import Any

import cel

from throughline.reasons import Reason
from validation.near_duplicates.rules import (
    FILE,
    DuplicateRules,
    DuplicateRulesBreach,
    DuplicateRuleSets,
    duplicate_rules_in,
)
from validation.payee_past import FACTS as PAST_FACTS
from validation.rules.examples import FACT_TYPES
from validation.rules.plain_check import NotPlain, PlainCheck, plain_check, plain_condition
from validation.rules.rule import Rule
from validation.rules.toml_text import toml_of


class CatalogueBreach(ValueError):
    """The catalogue contradicts itself; the service does not start with it."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    rule: Rule
    program: cel.Program
    names: frozenset[str]
    """The facts that it may read."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Several rules as one CEL expression, true only if each is: an error or a non-boolean never makes ``&&`` true."""

    program: cel.Program
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """The rules of one scope, and all of them in one question: in CEL as ``whole``, or as ``plain`` and ``others``."""

    rules: tuple[CompiledRule, ...]
    whole: Joined
    plain: PlainCheck
    others: Joined | None
    """What ``plain`` does not hold; None where that is nothing."""
    wide: PlainCheck | None
    """That no rule passed but narrowly, as far as that is plain; None where no rule says what narrowly is."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in force on a day, compiled, those of the claim and those of each line."""

    sha256: str
    claim: Scope
    line: Scope
    carcs: Mapping[Reason, str]
    """The adjustment reason code by which the rules of everybody deny for a reason."""
    carcs_of_rules: Mapping[str, str]
    """That of each rule which names one: two payers may deny for one reason by two codes."""
    reads_past: bool
    """Whether a rule asks for what the payee billed before."""
    duplicates: DuplicateRules | None = None
    """The rules of near duplicates that were published with them; None: the release's own."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(one.rule for one in (*self.claim.rules, *self.line.rules))


class Catalogue:
    """Every rule ever in force. A decision uses the set of its first service day, so old dates keep old rules."""

    def __init__(self, rules: Iterable[Rule], duplicates: DuplicateRuleSets | None = None) -> None:
        self.duplicates = duplicates
        """Of near duplicates, where they are published with the rules."""
        self.rules: tuple[Rule, ...] = tuple(sorted(rules, key=lambda one: (one.id, one.version)))
        _must_not_overlap(self.rules)
        changes = {rule.effective_from for rule in self.rules}
        ends = {rule.effective_to for rule in self.rules} - {
            None,
            date.max,
        }  # after the last day there is none
        changes |= {end + timedelta(days=1) for end in ends if end}
        if duplicates is not None:
            changes |= {one.effective_from for one in duplicates.sets}
        self._days = sorted(changes)
        self._sets = [self._set_on(day) for day in self._days]
        self._before = self._set_on(date.min)
        self._by_hash = {one.sha256: one for one in (*self._sets, self._before)}

    def in_force_on(self, day: date) -> RuleSet:
        """The rule set of a service day. Before the first rule it is empty, and the engine asks for a review."""
        position = bisect_right(self._days, day)
        return self._sets[position - 1] if position else self._before

    def _set_on(self, day: date) -> RuleSet:
        duplicates = None if self.duplicates is None else self.duplicates.in_force_on(day)
        return rule_set_of(_in_force(self.rules, day), duplicates)

    @property
    def sets(self) -> tuple[RuleSet, ...]:
        """Every set that is in force on some day."""
        return (*self._sets, self._before)

    def knows(self, sha256: str) -> bool:
        return sha256 in self._by_hash

    def remember(self, sha256: str, rules: Sequence[Rule], duplicates: DuplicateRules | None = None) -> None:
        """A set of another release, for what is pinned to it. Raises CatalogueBreach where it is not CEL."""
        self._by_hash[sha256] = replace(rule_set_of(rules, duplicates), sha256=sha256)

    def set_of(self, sha256: str | None, day: date) -> RuleSet:
        """The set with this hash; the one of the service day where nothing was pinned. A set that nobody kept is empty,
        and the engine asks for a review."""
        if sha256 is None:
            return self.in_force_on(day)
        return self._by_hash.get(sha256) or replace(self._before, sha256=sha256)


def catalogue_in(texts: Mapping[str, str]) -> Catalogue:
    """Of some files: their rules, and those of near duplicates where one file holds them. Raises CatalogueBreach."""
    duplicates = None
    if FILE in texts:
        try:
            duplicates = duplicate_rules_in(texts[FILE])
        except DuplicateRulesBreach as breach:
            raise CatalogueBreach(f"{FILE}: {breach}") from breach
    return Catalogue(rules_in(texts), duplicates)


def load_catalogue() -> Catalogue:
    """The catalogue that ships with this release: every ``catalogue/*.toml``. Raises CatalogueBreach."""
    return Catalogue(rules_in(own_texts()))


def own_texts() -> dict[str, str]:
    """The files of the catalogue that ships with this release, by name."""
    folder = files("validation.rules") / "catalogue"
    return {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".toml")}


def rules_in(texts: Mapping[str, str]) -> list[Rule]:
    """The rules of some catalogue files. Raises CatalogueBreach naming the file."""
    found: list[Rule] = []
    for name in sorted(texts.keys() - {FILE}):
        try:
            found.extend(Rule.model_validate(entry) for entry in toml_of(texts[name])["rule"])
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogueBreach(f"{name}: {error}") from error
    return found


def rule_set_of(rules: Sequence[Rule], duplicates: DuplicateRules | None = None) -> RuleSet:
    """Compile rules into a set. Raises CatalogueBreach where an expression is not CEL."""
    line = _scope([rule for rule in rules if rule.scope == "line"])
    return RuleSet(
        content_hash(rules, duplicates),
        _scope([rule for rule in rules if rule.scope != "line"]),
        line,
        {rule.reason: rule.carc for rule in rules if rule.carc and not rule.selectors()},
        {rule.id: rule.carc for rule in rules if rule.carc},
        not PAST_FACTS.isdisjoint(line.whole.names),
        duplicates,
    )


def content_hash(rules: Sequence[Rule], duplicates: DuplicateRules | None = None) -> str:
    """SHA-256 of the rules' content as canonical JSON (sorted keys, no spaces), in order of id; then, where rules of
    near duplicates were published with them, their hash."""
    content: list[Any] = [rule.content() for rule in sorted(rules, key=lambda one: (one.id, one.version))]
    if duplicates is not None:
        content.append(duplicates.sha256)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def _scope(rules: Sequence[Rule]) -> Scope:
    compiled = tuple([_compiled(rule) for rule in rules])
    conditions, others = [], []
    for one in compiled:
        try:
            conditions.append(plain_condition(one.rule.applies_when(), one.rule.expression, FACT_TYPES))
        except NotPlain:
            others.append(one)
    plain = plain_check(conditions, FACT_TYPES)
    return Scope(compiled, _joined(compiled), plain, _joined(others) if others else None, _wide(rules))


def _wide(rules: Sequence[Rule]) -> PlainCheck | None:
    """A margin that is not plain is never said to be wide: then each is asked."""
    wide = [_is_wide(one) for one in rules if one.near is not None]
    return plain_check(wide, FACT_TYPES) if wide else None


def _is_wide(rule: Rule) -> ast.expr:
    try:
        return plain_condition(rule.applies_when(), f"({rule.margin}) > {rule.near}", FACT_TYPES)
    except NotPlain:
        return ast.Constant(False)


def _joined(rules: Sequence[CompiledRule]) -> Joined:
    program = cel.compile(" && ".join(f"({one.rule.source()})" for one in rules) or "true")
    return Joined(program, frozenset().union(*(one.names for one in rules)))


def _compiled(rule: Rule) -> CompiledRule:
    try:
        program = cel.compile(rule.source())
        if rule.margin is not None:
            cel.compile(rule.margin)
        return CompiledRule(rule, program, frozenset(program.variables()))
    except ValueError as error:
        raise CatalogueBreach(f"rule {rule.id} version {rule.version} is not CEL: {error}") from error


def _in_force(rules: Iterable[Rule], day: date) -> list[Rule]:
    return [
        rule
        for rule in rules
        if rule.effective_from <= day and (rule.effective_to is None or day <= rule.effective_to)
    ]


def _must_not_overlap(rules: Sequence[Rule]) -> None:
    for earlier, later in pairwise(rules):
        text = overlap_of(earlier, later)
        if text is not None:
            raise CatalogueBreach(text)


def overlap_of(earlier: Rule, later: Rule) -> str | None:
    """Why these cannot stand in one catalogue; they are neighbours in order of id and version."""
    if earlier.id != later.id:
        return None
    if earlier.version == later.version:
        return f"rule {earlier.id} has version {earlier.version} twice"
    if earlier.effective_to is None or later.effective_from <= earlier.effective_to:
        return f"versions {earlier.version} and {later.version} of rule {earlier.id} overlap"
    return None
