"""Stored history decided again, page by page: by the pinned sets what differs, by a candidate set what would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from throughline.packs.directory import NO_PACKS, Packs
from validation.decided_again import Again, decide_again, differences
from validation.duplicates_tried import SCORE_MAX, Tried, stored_kind, try_thresholds
from validation.history import Request, Version
from validation.near_duplicates.rules import DuplicateRules, DuplicateRuleSets
from validation.near_duplicates.verdict import Kind
from validation.reference import Terms
from validation.rules.rule_set import Catalogue, RuleSet


class Differs(BaseModel):
    """One version that comes out otherwise than it was stored, in one respect."""

    request_id: UUID
    version: int
    what: str
    stored: Any
    again: Any


class Replayed(BaseModel):
    """A page. ``skipped`` were never settled by rules: voids, what waits, what is older than kept verdicts."""

    compared: int = 0
    skipped: int = 0
    differences: list[Differs] = []
    next: UUID | None = None
    """Give it as ``after`` for the next page; None on the last."""

    @classmethod
    def of(cls, slices: Iterable[Replayed]) -> Replayed:
        """One page of several slices."""
        page = cls()
        for one in slices:
            page.compared += one.compared
            page.skipped += one.skipped
            page.differences += one.differences
        return page


class WouldChange(BaseModel):
    """A decision that a candidate set would make otherwise. ``cents``: what the system would approve more, or less."""

    request_id: UUID
    version: int
    payee_id: UUID
    stored: str
    candidate: str
    cents: int


class Previewed(BaseModel):
    """A page. ``left_open`` hang on resemblances that were not kept when they were decided: none of their changes is
    told."""

    compared: int = 0
    skipped: int = 0
    changes: list[WouldChange] = []
    left_open: int = 0
    kept_from: int | None = None
    """With each of those left open every score from here on was kept, but for ``nothing_kept`` of them."""
    nothing_kept: int = 0
    next: UUID | None = None

    @classmethod
    def of(cls, slices: Iterable[Previewed]) -> Previewed:
        """One page of several slices."""
        page = cls()
        for one in slices:
            page.compared += one.compared
            page.skipped += one.skipped
            page.changes += one.changes
            page.left_open += one.left_open
            page.nothing_kept += one.nothing_kept
            page.kept_from = max(filter(None, (page.kept_from, one.kept_from)), default=None)
        return page

    def leave_open(self, kept_from: int) -> None:
        self.left_open += 1
        if kept_from > SCORE_MAX:
            self.nothing_kept += 1
        else:
            self.kept_from = max(self.kept_from or 0, kept_from)


@dataclass(frozen=True, slots=True)
class DecidedBy:
    """By what history was decided: every set of rules, and the release's own of near duplicates."""

    catalogue: Catalogue
    own: DuplicateRuleSets
    packs: Packs

    def duplicates(self, rules: RuleSet, day: date) -> DuplicateRules:
        """Published with the rules, else the release's own."""
        return rules.duplicates or self.own.in_force_on(day)


def replay(
    requests: Iterable[Request], first: date, last: date, catalogue: Catalogue, packs: Packs = NO_PACKS
) -> Replayed:
    """By what each version is pinned to, and what its decision stored of duplicates."""
    page = Replayed()
    for request, version in _of_days(requests, first, last):
        if version.verdict is None:
            page.skipped += 1
            continue
        page.compared += 1
        rules = catalogue.set_of(version.rule_set, version.first_day)
        terms, likest = version.terms or Terms(), stored_kind(version)
        again = decide_again(version, request.first_received_on, terms, rules, packs, likest=likest)
        for one in differences(version, again, rules):
            page.differences.append(
                Differs(
                    request_id=request.request_id,
                    version=version.number,
                    what=one.what,
                    stored=one.stored,
                    again=one.again,
                )
            )
    return page


def preview(
    requests: Iterable[Request],
    first: date,
    last: date,
    candidate: Catalogue,
    decided_by: DecidedBy,
    effective_from: date = date.min,
) -> Previewed:
    """By the candidate's rules and the pinned reference data. Exact duplicates stay what was found of them; near ones
    are judged by the candidate's thresholds as far as their scores were kept. What was served before
    ``effective_from`` the candidate does not decide."""
    page = Previewed()
    for request, version in _of_days(requests, first, last):
        if version.first_day < effective_from:
            continue
        if version.verdict is None:
            page.skipped += 1
            continue
        page.compared += 1
        again = _by_candidate(request, version, candidate, decided_by)
        if isinstance(again, Tried):
            page.leave_open(again.kept_from)
            continue
        if again.verdict != version.verdict:
            cents = _approved(again.verdict, again.cents) - _approved(version.verdict, version.verdict_cents)
            page.changes.append(
                WouldChange(
                    request_id=request.request_id,
                    version=version.number,
                    payee_id=version.submission.payee_id,
                    stored=version.verdict,
                    candidate=again.verdict,
                    cents=cents,
                )
            )
    return page


def _by_candidate(
    request: Request, version: Version, candidate: Catalogue, decided_by: DecidedBy
) -> Again | Tried:
    """What the candidate makes of it; what was tried, where resemblances that were not kept might make it another."""
    day, terms = version.first_day, version.terms or Terms()
    rules, before = candidate.in_force_on(day), decided_by.catalogue.set_of(version.rule_set, day)
    tried = try_thresholds(
        version, decided_by.duplicates(before, day), decided_by.duplicates(rules, day), decided_by.packs
    )

    def again(kind: Kind | None) -> Again:
        return decide_again(version, request.first_received_on, terms, rules, decided_by.packs, likest=kind)

    found = again(tried.kind)
    if tried.worst != tried.kind and again(tried.worst).verdict != found.verdict:
        return tried
    return found


def _approved(verdict: str, cents: int | None) -> int:
    return (cents or 0) if verdict == "approve" else 0


def _of_days(requests: Iterable[Request], first: date, last: date) -> Iterator[tuple[Request, Version]]:
    for request in requests:
        for version in request:
            if first <= version.submission.received_on <= last:
                yield request, version
