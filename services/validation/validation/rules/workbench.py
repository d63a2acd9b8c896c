"""What people ask of catalogue files before they are published: is it sound, what changes, do its examples hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import cel
from pydantic import BaseModel, ValidationError

from validation.near_duplicates.rules import (
    FILE,
    DuplicateRules,
    DuplicateRulesBreach,
    duplicate_rules_in,
)
from validation.rules.engine import evaluate
from validation.rules.examples import HOLDING_CLAIM, HOLDING_LINE, PAYEE_FACTS, holding_but
from validation.rules.rule import Rule
from validation.rules.rule_set import CatalogueBreach, overlap_of, rule_set_of
from validation.rules.toml_text import toml_of

Files = Mapping[str, str]
"""The text of each catalogue file by its name."""

_NAMED = re.compile(r"\{([^}]*)\}")


RULES_MAX, CHANGE_DAYS_MAX = 500, 60
"""Of one catalogue. Each day on which something changes is a set of its own, compiled whole: two seconds at both."""


class Problem(BaseModel):
    """Something with which the service would not start, or a rule that could never do what it says."""

    file: str
    rule: str | None = None
    version: int | None = None
    problem: str


class Change(BaseModel):
    """A version of a rule that is in one catalogue only, or in both with another content."""

    change: Literal["added", "removed", "changed"]
    rule: str
    version: int
    effective_from: date
    effective_to: date | None
    what: list[str] = []
    """Fields that differ."""


class ExampleRun(BaseModel):
    """One example of a rule, and whether it came out as it stands in the file."""

    file: str
    rule: str
    version: int
    example: str
    """``passing`` or ``failing``, and its number from 1."""
    holds: bool
    came_to: str


class _Found(NamedTuple):
    file: str
    rule: Rule


def lint(files: Files) -> list[Problem]:
    """Everything that is wrong, at once, file by file."""
    problems: list[Problem] = []
    found = list(_rules(files, problems))
    for one in found:
        problems += [_problem(one, text) for text in _wrong_in(one.rule)]
    by_id = sorted(found, key=lambda one: (one.rule.id, one.rule.version))
    for earlier, later in pairwise(by_id):
        text = overlap_of(earlier.rule, later.rule)
        if text is not None:
            problems.append(_problem(later, text))
    problems += _wrong_in_duplicates(files)
    return [*problems, *_too_much(found)]


def _wrong_in_duplicates(files: Files) -> Iterator[Problem]:
    if FILE in files:
        try:
            sets = duplicate_rules_in(files[FILE]).sets
        except DuplicateRulesBreach as breach:
            yield Problem(file=FILE, problem=str(breach)[:1_000])
            return
        if len(sets) > CHANGE_DAYS_MAX:
            yield Problem(file=FILE, problem=f"changes on {len(sets)} days; {CHANGE_DAYS_MAX} are the most")


def _too_much(found: Iterable[_Found]) -> Iterator[Problem]:
    rules = [one.rule for one in found]
    if not rules:
        yield Problem(file="catalogue", problem="holds no rule: every request would wait for a person")
    if len(rules) > RULES_MAX:
        yield Problem(file="catalogue", problem=f"holds {len(rules)} rules; {RULES_MAX} are the most")
    days = len(
        {one.effective_from for one in rules} | {one.effective_to for one in rules if one.effective_to}
    )
    if days > CHANGE_DAYS_MAX:
        yield Problem(file="catalogue", problem=f"changes on {days} days; {CHANGE_DAYS_MAX} are the most")


def diff(old: Files, new: Files) -> list[Change]:
    """What the new catalogue adds, removes and changes, by id and version. Raises CatalogueBreach: cannot be read."""
    before, after = _by_version(old), _by_version(new)
    changes = []
    for key in sorted(before.keys() | after.keys()):
        was, is_ = before.get(key), after.get(key)
        rule = is_ or was
        assert rule is not None
        what: list[str] = []
        if was is not None and is_ is not None:
            old_content, new_content = _compared(was), _compared(is_)
            what = [name for name in new_content if old_content[name] != new_content[name]]
            if not what:
                continue
        kind: Literal["added", "removed", "changed"] = (
            "added" if was is None else "removed" if is_ is None else "changed"
        )
        changes.append(
            Change(
                change=kind,
                rule=rule.id,
                version=rule.version,
                effective_from=rule.effective_from,
                effective_to=rule.effective_to,
                what=what,
            )
        )
    return [*changes, *_changed_duplicates(old, new)]


def _changed_duplicates(old: Files, new: Files) -> Iterator[Change]:
    """Sets of near-duplicate rules, by their ids, with each value that differs."""
    before, after = _duplicates_of(old), _duplicates_of(new)
    for name in sorted(before.keys() | after.keys()):
        was, is_ = before.get(name), after.get(name)
        if was == is_:
            continue
        one = is_ or was
        assert one is not None
        what: list[str] = []
        if was is not None and is_ is not None:
            values, new_values = _flat(was.model_dump()), _flat(is_.model_dump())
            keys = sorted(values.keys() | new_values.keys())
            what = [key for key in keys if values.get(key) != new_values.get(key)]
        yield Change(
            change="added" if was is None else "removed" if is_ is None else "changed",
            rule=name,
            version=1,
            effective_from=one.effective_from,
            effective_to=None,
            what=what,
        )


def _duplicates_of(files: Files) -> dict[str, DuplicateRules]:
    try:
        return {one.id: one for one in duplicate_rules_in(files[FILE]).sets} if FILE in files else {}
    except DuplicateRulesBreach as breach:
        raise CatalogueBreach(f"{FILE}: {breach}") from None


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """``programmes.medical.near``, and what it says."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def run_examples(files: Files) -> list[ExampleRun]:
    """Every example of every rule that can be read. Raises CatalogueBreach where a rule is not CEL."""
    return [
        ExampleRun(
            file=file,
            rule=rule.id,
            version=rule.version,
            example=f"{name} {number}",
            holds=came_to == ("passes" if name == "passing" else "fails"),
            came_to=came_to,
        )
        for file, rule in _rules(files, [])
        for name, examples in (("passing", rule.passing), ("failing", rule.failing))
        for number, example in enumerate(examples, start=1)
        for came_to in (_come_to(rule, example),)
    ]


def _come_to(rule: Rule, example: Mapping[str, Any]) -> str:
    try:
        claim, line = holding_but({**rule.selectors(), **example})
    except KeyError as error:
        return str(error.args[0])
    alone = rule.model_copy(update={"near": None})  # an example says whether it holds, not how narrowly
    findings = evaluate(rule_set_of([alone]), claim, [line])
    if not findings:
        return "passes"
    broken = all(one.reason is rule.reason and one.severity is rule.severity for one in findings)
    return "fails" if broken else findings[0].message


def _rules(files: Files, problems: list[Problem]) -> Iterator[_Found]:
    """The rules that can be read; what cannot becomes a problem."""
    for file in sorted(files.keys() - {FILE}):
        try:
            entries = toml_of(files[file]).get("rule")
        except ValueError as error:
            problems.append(Problem(file=file, problem=f"not TOML: {error}"))
            continue
        if not isinstance(entries, list) or not entries:
            problems.append(Problem(file=file, problem="holds no [[rule]]"))
            continue
        for entry in entries:
            try:
                yield _Found(file, Rule.model_validate(entry))
            except ValidationError as error:
                problems += _unreadable(file, entry, error)


def _unreadable(file: str, entry: Any, error: ValidationError) -> list[Problem]:
    named = entry if isinstance(entry, dict) else {}
    name, version = named.get("id"), named.get("version")
    return [
        Problem(
            file=file,
            rule=name if isinstance(name, str) else None,
            version=version if isinstance(version, int) else None,
            problem=f"{'.'.join(map(str, one['loc'])) or 'rule'}: {one['msg']}",
        )
        for one in error.errors(include_url=False, include_input=False)
    ]


def _wrong_in(rule: Rule) -> Iterator[str]:
    known = _readable(rule)
    compiled = True
    for name in ("when", "expression", "margin"):
        source = getattr(rule, name)
        if source is None:
            continue
        try:
            names = set(cel.compile(source).variables())
        except ValueError as error:
            compiled = False
            yield f"{name} is not CEL: {error}"
            continue
        if unknown := sorted(names - known):
            yield f"{name} asks for what a rule of scope {rule.scope} cannot read: {', '.join(unknown)}"
    for name in ("message", "fix"):
        if unknown := sorted(set(_NAMED.findall(getattr(rule, name))) - known):
            yield f"{name} names no fact: {', '.join(unknown)}"
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        yield "effective_to is before effective_from"
    if compiled:
        yield from _examples_wrong(rule)


def _examples_wrong(rule: Rule) -> Iterator[str]:
    for name, wanted, examples in (("passing", "passes", rule.passing), ("failing", "fails", rule.failing)):
        for number, example in enumerate(examples, start=1):
            came_to = _come_to(rule, example)
            if came_to != wanted:
                yield f"{name} example {number} does not do what it says: {came_to}"


def _readable(rule: Rule) -> set[str]:
    if rule.scope == "payee":
        return set(PAYEE_FACTS)
    return set(HOLDING_CLAIM) | (set(HOLDING_LINE) if rule.scope == "line" else set())


def _problem(found: _Found, text: str) -> Problem:
    return Problem(file=found.file, rule=found.rule.id, version=found.rule.version, problem=text)


def _by_version(files: Files) -> dict[tuple[str, int], Rule]:
    problems: list[Problem] = []
    rules: Iterable[_Found] = list(_rules(files, problems))
    if problems:
        raise CatalogueBreach(f"{problems[0].file}: {problems[0].problem}")
    return {(one.rule.id, one.rule.version): one.rule for one in rules}


def _compared(rule: Rule) -> dict[str, Any]:
    return rule.model_dump(mode="json", exclude={"passing", "failing"})
