"""What the rules in force ask of each field of the form, in the rules' own words: new rules are told without a release.

Asked of validation once for each set that it published and each day, and kept in memory; the portal hears of a new set
on ``decisions``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from portal.claim_form import Wrong, field_of
from portal.rule_book import NotRead, RuleBook, ValidationUnreachable
from portal.rule_words import without_values
from portal.settings import Settings
from portal.texts import ENGLISH, catalogue

SOON_S = 2.0
"""A form does not wait longer for its help."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one rule asks. ``field`` is the key of a form field's name, ``path`` what the rule itself names."""

    field: str
    message: str
    fix: str
    path: str = ""


ByStep = Mapping[str, Sequence[Asked]]


@dataclass(slots=True)
class RuleHelp:
    """What was asked of validation last, and of which version and day it was the answer."""

    _key: tuple[int, date] | None = None
    _by_step: ByStep = field(default_factory=dict)
    _rules: Sequence[dict[str, Any]] = ()

    async def by_step(self, settings: Settings, version: int, today: date) -> ByStep:
        """By the form's steps; what was known before, or nothing, where validation does not answer."""
        key = (version, today)
        if key != self._key:
            try:
                rules = await RuleBook(settings, timeout_s=SOON_S).in_force(today)
            except (ValidationUnreachable, NotRead):
                return self._by_step
            self._key, self._by_step, self._rules = key, help_of(rules), rules
        return self._by_step

    async def of_programme(
        self, settings: Settings, version: int, today: date, programme: str
    ) -> Sequence[Asked]:
        """What rules of one programme alone ask beside its pack's own, of a form that the pack draws."""
        await self.by_step(settings, version, today)
        own = [one for one in self._rules if one.get("programme") == programme]
        return [one for asked in help_of(own, programme).values() for one in asked]


def help_of(rules: Sequence[dict[str, Any]], programme: str = "medical") -> ByStep:
    """Pure. What only some payers or another programme ask is not said of everybody's form."""
    found: dict[str, list[Asked]] = {}
    for rule in rules:
        if rule["severity"] == "note" or rule.get("payer") or rule.get("programme") not in (None, programme):
            continue
        at = field_of(rule["field"].replace("#", "0"))
        name = f"new.field_{at.split('.')[-1]}"
        name = name if name in catalogue(ENGLISH) else "new.field_"
        asked = Asked(name, without_values(rule["message"]), without_values(rule["fix"]), rule["field"])
        found.setdefault(Wrong(at, "rule").step, []).append(asked)
    return found
