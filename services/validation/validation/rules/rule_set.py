"""The catalogue: rules read from dated TOML files, checked once at start, and the sets in force between their dates."""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Any, Literal

import cel
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from throughline.reasons import Reason, Severity
from validation.payee_past import FACTS as PAST_FACTS
from validation.rules.examples import FACT_TYPES
from validation.rules.plain_check import NotPlain, PlainCheck, plain_check, plain_condition


class CatalogueBreach(ValueError):
    """The catalogue contradicts itself; the service does not start with it."""


ADDED_LATER = ("programme", "payer")
"""Not in the content of a rule that does not use them, so that the hash of older sets stays what decisions carry."""

_SCOPES = {"request": "claim"}
_LISTS = re.compile(r"\b(?:all|exists|exists_one|map|filter)\b")
_LINE_MAX = 2_000
"""Characters of a line of TOML: the parser's time grows with the square of a dotted key."""
_CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"


def _bounded(source: str) -> str:
    """Facts are plain values: no rule needs CEL's loops, and loops in loops end with nobody's patience."""
    if named := _LISTS.search(source):
        raise ValueError(f"goes through a list: {named[0]}")
    return source


Expression = Annotated[str, Field(max_length=1_000), AfterValidator(_bounded)]
"""CEL. A sum of tens of thousands of terms overflows the compiler's stack, and the process with it."""


class Rule(BaseModel):
    """One rule in one version. It holds where ``expression`` is true, or where ``when`` is false."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,60}$")]
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    effective_to: date | None = None
    severity: Severity
    scope: Annotated[
        Literal["claim", "line", "payee"], BeforeValidator(lambda scope: _SCOPES.get(scope, scope))
    ]
    """What it judges: the whole request (``claim``, or ``request``), each line, or the payee, whatever was billed."""
    programme: Annotated[str, Field(pattern=_CODE)] | None = None
    """The only programme it applies to; None: all."""
    payer: Annotated[str, Field(pattern=_CODE)] | None = None
    """The only payer it applies to; None: all."""
    field: Annotated[str, Field(max_length=100)]
    """The field to look at; ``#`` stands for the line's position, from 0."""
    when: Expression = "true"
    expression: Expression
    reason: Reason
    message: Annotated[str, Field(max_length=400)]
    """A sentence, as ``fix``; ``{name}`` stands for what that fact says."""
    fix: Annotated[str, Field(max_length=400)]
    margin: Expression | None = None
    """CEL for how near a pass was: a number; at 0 nothing is left, below it the rule is broken. Only shown."""
    carc: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,3}$")] | None = None
    """The claim adjustment reason code of a denial for this reason; 16 with remark MA130 where none is given."""
    passing: tuple[dict[str, bool | int | str], ...] = Field(min_length=1)
    failing: tuple[dict[str, bool | int | str], ...] = Field(min_length=1)

    def source(self) -> str:
        """The whole rule as one CEL expression; an error in either part is an error of the rule."""
        when = self.applies_when()
        return self.expression if when == "true" else f"({when}) ? ({self.expression}) : true"

    def applies_when(self) -> str:
        """Its programme, its payer and ``when``, as one CEL expression."""
        selectors = [f'{name} == "{value}"' for name, value in self.selectors().items()]
        parts = [*selectors, *(() if self.when == "true" else (f"({self.when})",))]
        return self.when if not selectors else " && ".join(parts)

    def selectors(self) -> dict[str, str]:
        chosen = {"programme": self.programme, "payer": self.payer}
        return {name: value for name, value in chosen.items() if value is not None}

    def content(self) -> dict[str, Any]:
        """What the rule decides, without its examples and margin: the part that the rule-set hash covers."""
        unused = {name for name in ADDED_LATER if getattr(self, name) is None}
        return self.model_dump(mode="json", exclude={"passing", "failing", "margin", *unused})


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

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(one.rule for one in (*self.claim.rules, *self.line.rules))


class Catalogue:
    """Every rule ever in force. A decision uses the set of its first service day, so old dates keep old rules."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: tuple[Rule, ...] = tuple(sorted(rules, key=lambda one: (one.id, one.version)))
        _must_not_overlap(self.rules)
        changes = {rule.effective_from for rule in self.rules}
        changes |= {rule.effective_to + timedelta(days=1) for rule in self.rules if rule.effective_to}
        self._days = sorted(changes)
        self._sets = [rule_set_of(_in_force(self.rules, day)) for day in self._days]
        self._before = rule_set_of(())
        self._by_hash = {one.sha256: one for one in (*self._sets, self._before)}

    def in_force_on(self, day: date) -> RuleSet:
        """The rule set of a service day. Before the first rule it is empty, and the engine asks for a review."""
        position = bisect_right(self._days, day)
        return self._sets[position - 1] if position else self._before

    @property
    def sets(self) -> tuple[RuleSet, ...]:
        """Every set that is in force on some day."""
        return (*self._sets, self._before)

    def knows(self, sha256: str) -> bool:
        return sha256 in self._by_hash

    def remember(self, sha256: str, rules: Sequence[Rule]) -> None:
        """A set of another release, for what is pinned to it. Raises CatalogueBreach where it is not CEL."""
        self._by_hash[sha256] = replace(rule_set_of(rules), sha256=sha256)

    def set_of(self, sha256: str | None, day: date) -> RuleSet:
        """The set with this hash; the one of the service day where nothing was pinned. A set that nobody kept is empty,
        and the engine asks for a review."""
        if sha256 is None:
            return self.in_force_on(day)
        return self._by_hash.get(sha256) or replace(self._before, sha256=sha256)


def load_catalogue() -> Catalogue:
    """The catalogue that ships with this release: every ``catalogue/*.toml``. Raises CatalogueBreach."""
    return Catalogue(rules_in(own_texts()))


def own_texts() -> dict[str, str]:
    """The files of the catalogue that ships with this release, by name."""
    folder = files("validation.rules") / "catalogue"
    return {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".toml")}


def toml_of(text: str) -> dict[str, Any]:
    """Raises ValueError, whatever somebody uploaded."""
    if any(len(line) > _LINE_MAX for line in text.splitlines()):
        raise ValueError(f"a line is longer than {_LINE_MAX} characters")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def rules_in(texts: Mapping[str, str]) -> list[Rule]:
    """The rules of some catalogue files. Raises CatalogueBreach naming the file."""
    found: list[Rule] = []
    for name in sorted(texts):
        try:
            found.extend(Rule.model_validate(entry) for entry in toml_of(texts[name])["rule"])
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogueBreach(f"{name}: {error}") from error
    return found


def rule_set_of(rules: Sequence[Rule]) -> RuleSet:
    """Compile rules into a set. Raises CatalogueBreach where an expression is not CEL."""
    line = _scope([rule for rule in rules if rule.scope == "line"])
    return RuleSet(
        content_hash(rules),
        _scope([rule for rule in rules if rule.scope != "line"]),
        line,
        {rule.reason: rule.carc for rule in rules if rule.carc and not rule.selectors()},
        {rule.id: rule.carc for rule in rules if rule.carc},
        not PAST_FACTS.isdisjoint(line.whole.names),
    )


def content_hash(rules: Sequence[Rule]) -> str:
    """SHA-256 of the rules' content as canonical JSON (sorted keys, no spaces), in order of id."""
    content = [rule.content() for rule in sorted(rules, key=lambda one: (one.id, one.version))]
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
    return Scope(compiled, _joined(compiled), plain, _joined(others) if others else None)


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
