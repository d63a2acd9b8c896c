"""Stored history decided again, page by page: by the pinned sets what differs, by a candidate set what would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from throughline.packs.directory import NO_PACKS, Packs
from validation.decided_again import decide_again, differences
from validation.history import Request, Version
from validation.reference import Terms
from validation.rules.rule_set import Catalogue


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
    compared: int = 0
    skipped: int = 0
    changes: list[WouldChange] = []
    next: UUID | None = None

    @classmethod
    def of(cls, slices: Iterable[Previewed]) -> Previewed:
        """One page of several slices."""
        page = cls()
        for one in slices:
            page.compared += one.compared
            page.skipped += one.skipped
            page.changes += one.changes
        return page


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
        again = decide_again(version, request.first_received_on, version.terms or Terms(), rules, packs)
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
    packs: Packs = NO_PACKS,
    effective_from: date = date.min,
) -> Previewed:
    """By the candidate's rules and the pinned reference data. Duplicates stay what was found of them. What was served
    before ``effective_from`` the candidate does not decide."""
    page = Previewed()
    for request, version in _of_days(requests, first, last):
        if version.first_day < effective_from:
            continue
        if version.verdict is None:
            page.skipped += 1
            continue
        page.compared += 1
        rules = candidate.in_force_on(version.first_day)
        again = decide_again(version, request.first_received_on, version.terms or Terms(), rules, packs)
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


def _approved(verdict: str, cents: int | None) -> int:
    return (cents or 0) if verdict == "approve" else 0


def _of_days(requests: Iterable[Request], first: date, last: date) -> Iterator[tuple[Request, Version]]:
    for request in requests:
        for version in request:
            if first <= version.submission.received_on <= last:
                yield request, version
