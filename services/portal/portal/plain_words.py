"""Adjustments and reasons in plain words: keys of the catalogue, never sentences.

The groups and codes are X12's (CAS01, CARC); the words are ours, for who reads a bill and does not code one. A code
that the catalogue lacks is shown as its number, with the group's meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from portal.texts import ENGLISH, catalogue


@dataclass(frozen=True, slots=True)
class PlainAdjustment:
    """Why a line is paid less (or, below zero, more): who bears it, why, how much."""

    group: str
    code: str
    who: str
    """Key of the sentence that says who bears it."""
    why: str
    """Key of the sentence that says why."""
    amount_cents: int


def plain(adjustment: dict[str, Any]) -> PlainAdjustment:
    """Of one adjustment of an adjudicated line, as JSON."""
    code = adjustment["carc"]
    why = f"adjustments.carc_{code.lower()}"
    return PlainAdjustment(
        adjustment["group"],
        code,
        f"adjustments.group_{adjustment['group'].lower()}",
        why if why in catalogue(ENGLISH) else "adjustments.carc_other",
        adjustment["amount_cents"],
    )


def plain_all(adjustments: Iterable[dict[str, Any]]) -> list[PlainAdjustment]:
    return [plain(one) for one in adjustments]


def reason_key(reason: str | None) -> str | None:
    """The key of what a person should do about a reason; None where there is none."""
    return None if reason is None else f"reasons.{reason}"
