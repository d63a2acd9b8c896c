"""Other thresholds of near duplicates, tried on a decision by the resemblances that were kept with it. Pure.

Not everything was kept: of what was stopped only the likest, else at most three near misses, and no score below
``near_miss``. So the answer has two ends: what the kept ones come to, and the worst that others may have come to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from throughline.packs.directory import NO_PACKS, Packs
from throughline.reasons import Reason
from validation.history import Version
from validation.near_duplicates.hours import thresholds_of
from validation.near_duplicates.rules import DuplicateRules, Thresholds
from validation.near_duplicates.verdict import NEAR_MISSES_MAX, Kind, judge

SCORE_MAX = 100
_STOPPING: dict[Reason, Kind] = {Reason.DUPLICATE_NEAR: "near", Reason.DUPLICATE_SUSPECT: "suspect"}
_DECIDED_BY_THRESHOLDS = frozenset({"near", "suspect", "near_miss"})


@dataclass(frozen=True, slots=True)
class Tried:
    """``kind`` by what was kept; ``worst`` if what was not kept scored as high as it can have."""

    kind: Kind | None
    worst: Kind | None
    kept_from: int
    """Every score from here on was kept; above 100 where none need have been."""


class _Unkept(NamedTuple):
    """The highest scores of resemblances that were not kept: of one payee and one person, and across payees."""

    one_payee: int
    across: int


NOTHING_KEPT = _Unkept(SCORE_MAX, SCORE_MAX)


def stored_kind(version: Version) -> Kind | None:
    """What it was taken for when it was settled."""
    stored = (version.verdict or "").split()
    return next((kind for reason, kind in _STOPPING.items() if reason in stored), None)


def kept_with(version: Version) -> list[tuple[UUID, int, int]]:
    """The resemblances of when it was settled: the other request, its version, the score. A reviewer's approval may
    have found others later."""
    wanted = stored_kind(version)
    found = [one.duplicate for one in version.findings if one.duplicate is not None]
    matches = [one for one in found if one.kind == (wanted or "near_miss")]
    kept = matches[:1] if wanted else matches[:NEAR_MISSES_MAX]
    return [(one.other_request_id, one.other_version or 1, one.score) for one in kept]


def try_thresholds(
    version: Version, by: DuplicateRules, candidate: DuplicateRules, packs: Packs = NO_PACKS
) -> Tried:
    """``by`` are the rules that decided it. What it resembles is compared anew; who else there was is not known."""
    request = version.submission.request
    before, terms = (thresholds_of(request, one, packs) for one in (by, candidate))
    comparable = _alike(by, candidate, before, terms)
    if comparable and before == terms:
        kind = stored_kind(version)
        return Tried(kind, kind, 0)
    kept = kept_with(version)
    likest = judge(version.submission, version.resembling, candidate, (), packs).likest
    kind = None if likest is None else likest.kind
    unkept = _unkept(version, by, before, kept) if comparable else NOTHING_KEPT
    if len(version.resembling) < len(kept):
        unkept = NOTHING_KEPT
    worst: Kind | None = kind
    if unkept.one_payee >= terms.near:
        worst = "near"
    elif kind is None and max(unkept) >= terms.suspect:
        worst = "suspect"
    return Tried(kind, worst, max(unkept) + 1)


def _alike(one: DuplicateRules, other: DuplicateRules, before: Thresholds, terms: Thresholds) -> bool:
    """Whether a score means the same by both: all but the thresholds themselves is equal."""
    about = {"weights", "shares", "typos", "fixed", "distinct_modifiers", "repeating_attachments"}
    return all(getattr(one, name) == getattr(other, name) for name in about) and before.model_dump(
        exclude=set(_DECIDED_BY_THRESHOLDS)
    ) == terms.model_dump(exclude=set(_DECIDED_BY_THRESHOLDS))


def _unkept(
    version: Version, by: DuplicateRules, before: Thresholds, kept: list[tuple[UUID, int, int]]
) -> _Unkept:
    """The likest was kept by kind first, so beside a near one there may be any across payees."""
    match stored_kind(version):
        case "near" if kept:
            return _Unkept(kept[0][2], SCORE_MAX)
        case "suspect" if kept:
            return _Unkept(min(kept[0][2], before.near - 1), kept[0][2])
    if version.verdict not in ("approve", f"review {Reason.ABOVE_TIER}"):
        return NOTHING_KEPT  # rules stopped it, or another bill: near misses are told of what passed
    highest = max(before.near_miss - 1, _of_series(version, by, before))
    if len(kept) == NEAR_MISSES_MAX:
        highest = max(highest, kept[-1][2])
    return _Unkept(highest, highest)


def _of_series(version: Version, by: DuplicateRules, before: Thresholds) -> int:
    """One service on several other days was taken for a series, and none of it kept: it lacks the points of the dates,
    unless the payee's invoice ties the days together."""
    tied = version.submission.request.invoice_number is not None
    return before.suspect - 1 if tied else min(SCORE_MAX - by.weights.dates, before.suspect - 1)
