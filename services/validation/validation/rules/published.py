"""The rules that decide: the release's own catalogue until people publish sets, each from its first service day on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from throughline.rule_sets import PublishRuleSet
from validation.near_duplicates.rules import DuplicateRules
from validation.rules.rule import Rule
from validation.rules.rule_set import Catalogue, RuleSet, catalogue_in

Published = Mapping[str, PublishRuleSet]
"""What was published, by its version."""


@dataclass(frozen=True, slots=True)
class InForce:
    """From which first service day a set decides, and the last one before another does; None: until further notice."""

    version: int
    effective_from: date
    until: date | None
    command: PublishRuleSet


class PublishedRules(Catalogue):
    """The release's own rules, and every published catalogue, compiled once; a set is known by its hash."""

    def __init__(self, own: Iterable[Rule]) -> None:
        super().__init__(own)
        self._followed: dict[str, PublishRuleSet] = {}
        self._compiled: dict[str, Catalogue] = {}
        self._brought_by = self._own_sets()
        self._latest_first: Sequence[tuple[date, Catalogue]] = ()

    def follow(self, published: Published) -> None:
        """Go by what stands published now. Raises CatalogueBreach where this release cannot read one."""
        if published == self._followed:  # the same objects, nearly always
            return
        compiled = {
            command.sha256: self._compiled.get(command.sha256) or catalogue_of(command)
            for command in published.values()
        }
        self._brought_by = self._own_sets()
        for command in sorted(published.values(), key=lambda one: one.version):
            for one in compiled[command.sha256].sets:
                self._by_hash[one.sha256] = one
                self._brought_by.setdefault(one.sha256, command.version)
        self._latest_first = [
            (one.effective_from, compiled[one.command.sha256]) for one in reversed(in_force(published))
        ]
        self._compiled, self._followed = compiled, dict(published)

    def brought_by(self, sha256: str | None) -> int | None:
        """The version that first brought a set; 0 is this release's own; None where an earlier release's was."""
        return None if sha256 is None else self._brought_by.get(sha256)

    @property
    def published_duplicates(self) -> Sequence[DuplicateRules]:
        """Every set of rules of near duplicates by which something may be decided beside the release's own."""
        return [one.duplicates for one in self._by_hash.values() if one.duplicates is not None]

    def _own_sets(self) -> dict[str, int]:
        return dict.fromkeys((one.sha256 for one in self.sets), 0)

    def in_force_on(self, day: date) -> RuleSet:
        for effective_from, catalogue in self._latest_first:
            if effective_from <= day:
                return catalogue.in_force_on(day)
        return super().in_force_on(day)


def catalogue_of(command: PublishRuleSet) -> Catalogue:
    """Raises CatalogueBreach."""
    return catalogue_in(texts_of(command))


def texts_of(command: PublishRuleSet) -> dict[str, str]:
    return {one.name: one.text for one in command.files}


def in_force(published: Published) -> list[InForce]:
    """Those that decide for some first service day, in order of days: of one first day the highest version does."""
    by_day: dict[date, PublishRuleSet] = {}
    for command in sorted(published.values(), key=lambda one: one.version):
        by_day[command.effective_from] = command
    days = sorted(by_day)
    return [
        InForce(by_day[day].version, day, _day_before(later), by_day[day])
        for day, later in zip_longest(days, days[1:])
    ]


def _day_before(day: date | None) -> date | None:
    return None if day is None else date.fromordinal(day.toordinal() - 1)


def highest_version(published: Published) -> int:
    return max((one.version for one in published.values()), default=0)


def newest_first(published: Published) -> Iterator[PublishRuleSet]:
    yield from sorted(published.values(), key=lambda one: one.version, reverse=True)
