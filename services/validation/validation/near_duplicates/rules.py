"""The dated rules of near and suspect duplicates: read once, checked, hashed, chosen by the first service day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from validation.rules.toml_text import toml_of

Percent = Annotated[int, Field(ge=0, le=100)]


FILE = "near-duplicates.toml"
"""How a published set names its file of them."""


class DuplicateRulesBreach(ValueError):
    """The rules contradict themselves; the service does not start with them."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thresholds(_Part):
    """Of one programme. Scores from ``near`` on stop a request, from ``suspect`` on ask a person, from ``near_miss`` on
    are recorded on the decision."""

    near: Percent
    suspect: Percent
    near_miss: Percent
    window_days: Annotated[int, Field(ge=1, le=3660)]
    """How long ago the earlier request may have come in."""
    shift_days: Annotated[int, Field(ge=0, le=31)]
    """How far apart two service days may lie to be compared at all, where no invoice ties them together."""
    amount_tolerance_percent: Percent
    amount_tolerance_cents: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _rise(self) -> Thresholds:
        if not 0 < self.near_miss <= self.suspect <= self.near:
            raise ValueError("near_miss, suspect and near do not rise, or begin at nought")
        return self


class Weights(_Part):
    payee: Percent
    person: Percent
    dates: Percent
    services: Percent
    amount: Percent

    @model_validator(mode="after")
    def _make_a_hundred(self) -> Weights:
        if self.payee + self.person + self.dates + self.services + self.amount != 100:
            raise ValueError("the weights do not sum to 100")
        return self


class Shares(_Part):
    """Percent of a weight; rules.toml says when each applies."""

    same_tin: Percent
    tied_shift: Percent
    amount_close: Percent
    same_member: Percent
    member_with_other_name: Percent
    member_alone: Percent
    mistyped_member: Percent
    mistyped_member_half: Percent
    mistyped_member_alone: Percent
    name_and_birth: Percent
    birth_and_last_name: Percent
    name_alone: Percent
    doubtful_birth: Percent
    told_apart: Percent
    typo_costs: Percent


class Typos(_Part):
    percent_of_length: Percent
    letters_of_a_name: int
    member_length_min: int


class Fixed(_Part):
    same_attachment: Percent


class DuplicateRules(_Part):
    """One set, in force from its date until the next one's."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,38}$")]
    effective_from: date
    distinct_modifiers: frozenset[str]
    """Modifiers that say it is another service than the same code without them."""
    repeating_attachments: frozenset[str]
    """Types of documents that rightly stand with many requests."""
    programmes: Annotated[dict[str, Thresholds], Field(min_length=1)]
    weights: Weights
    shares: Shares
    typos: Typos
    fixed: Fixed

    def thresholds_of(self, programme: str) -> Thresholds:
        """Those of the programme; of one that has none here the strictest of all: a person rather looks once more."""
        return self.programmes.get(programme) or self._strictest

    @cached_property
    def _strictest(self) -> Thresholds:
        every = self.programmes.values()
        return Thresholds(
            near=min(one.near for one in every),
            suspect=min(one.suspect for one in every),
            near_miss=min(one.near_miss for one in every),
            window_days=max(one.window_days for one in every),
            shift_days=max(one.shift_days for one in every),
            amount_tolerance_percent=max(one.amount_tolerance_percent for one in every),
            amount_tolerance_cents=max(one.amount_tolerance_cents for one in every),
        )

    @cached_property
    def sha256(self) -> str:
        """Over the content as canonical JSON: sorted keys and sets, no spaces."""
        content = self.model_dump(mode="json")
        for name in ("distinct_modifiers", "repeating_attachments"):
            content[name] = sorted(content[name])
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


class DuplicateRuleSets:
    """Every set ever in force, by date."""

    def __init__(self, sets: Sequence[DuplicateRules]) -> None:
        self.sets = tuple(sorted(sets, key=lambda one: one.effective_from, reverse=True))
        if not self.sets or len({one.effective_from for one in self.sets}) != len(self.sets):
            raise DuplicateRulesBreach("there must be one set of duplicate rules for each day")
        if len({one.id for one in self.sets}) != len(self.sets):
            raise DuplicateRulesBreach("two sets of duplicate rules have the same id")
        self._reach_as_far_as(self.sets)

    def beside(self, others: Sequence[DuplicateRules]) -> DuplicateRuleSets:
        """The same, which find what any of the others needs to be shown."""
        if not others:
            return self
        made = DuplicateRuleSets(self.sets)
        made._reach_as_far_as((*self.sets, *others))
        return made

    def _reach_as_far_as(self, sets: Sequence[DuplicateRules]) -> None:
        self.repeating_attachments = frozenset.intersection(*[one.repeating_attachments for one in sets])
        self.shift_days_max = max(one.shift_days for each in sets for one in each.programmes.values())

    def in_force_on(self, day: date) -> DuplicateRules:
        """The set of a first service day; the oldest one also for the days before it."""
        return next((one for one in self.sets if one.effective_from <= day), self.sets[-1])


def load_duplicate_rules() -> DuplicateRuleSets:
    """The sets that ship with this release. Raises DuplicateRulesBreach."""
    return duplicate_rules_in(own_text())


def own_text() -> str:
    return (files("validation.near_duplicates") / "rules.toml").read_text("utf-8")


def duplicate_rules_in(text: str) -> DuplicateRuleSets:
    """Every set of a file. Raises DuplicateRulesBreach, whatever somebody uploaded."""
    try:
        return DuplicateRuleSets([DuplicateRules.model_validate(one) for one in toml_of(text)["rules"]])
    except (KeyError, TypeError, ValueError) as error:
        raise DuplicateRulesBreach(str(error)) from error
