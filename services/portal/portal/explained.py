"""Why a version was decided as it was, from what validation explains: for operations all of it, for a provider what
concerns their own request. Pure.

A provider is shown by name what may be shown; what validation may come to explain besides stays with the staff.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.rule_words import field_words, names_in, verdict_keys, with_values
from portal.shown import Shown
from throughline.reasons import Reason

Told = dict[str, Any]

_WORST_FIRST = ("broken", "failed_to_run", "data", "passed", "not_applicable")
_ASKED = frozenset(_WORST_FIRST[:4])
_PERSONAL = re.compile(r"(member|birth|name|person|subject|uncovered|no_benefit|diagnos|distinct_diagnos)")
"""Facts whose values say something of the person who was treated; whether they are there says nothing."""
_HIDDEN_FROM_PROVIDERS = re.compile(r"duplicate_|above_tier|recalled|released|exclu")
"""Reasons that tell how repeated or unusual bills are found, what others billed, or what staff did."""
LINES_NAMED = 10


@dataclass(frozen=True, slots=True)
class Failing:
    """What did not hold, where, and how to mend it."""

    message: str
    field: str
    fix: str | None
    severity: str


@dataclass(frozen=True, slots=True)
class PriceStep:
    """A line's price, in cents; None where there is none."""

    line_id: str
    code: str
    charge_cents: int
    rate_cents: int | None
    units_thousandths: int
    allowed_cents: int | None
    patient_cents: int | None
    paid_cents: int | None


@dataclass(frozen=True, slots=True)
class ForProvider:
    """One version, as its provider may read it."""

    version: int
    outcome: str
    """Key of a sentence."""
    rule_set: str
    held: int
    """How many checks held."""
    failing: Sequence[Failing]
    compared: bool
    """Whether something was found beside what was billed before; what, the staff see."""
    price: Sequence[PriceStep]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule over the whole request: where it came out worst, and how near it was."""

    rule: str
    version: int
    verdict: str
    lines: Sequence[int]
    """Lines, from 1, with that verdict; none where the whole request is judged."""
    message: str
    field: str
    read: Sequence[tuple[str, str]]
    margin: str | None
    near_miss: bool
    """It held, with no more to spare than the rule itself says is near."""


@dataclass(frozen=True, slots=True)
class ForOperations:
    """One version, with all that its decision went by."""

    version: int
    outcome: str
    reasons: Sequence[str]
    state: str
    cents: int | None
    pinned: Told
    rules: Sequence[RuleRow]
    not_asked: int
    """Rules that did not apply."""
    near: Sequence[RuleRow]
    """Rules that held, the nearest to being broken first."""
    findings: Sequence[Told]
    overridden: Sequence[Told]
    """Findings that stood against it, which a person paid all the same."""
    duplicates: Sequence[Told]
    used_up: Sequence[Told]
    price: Sequence[PriceStep]
    differs: Sequence[str]


def open_to_provider(finding: Told) -> bool:
    """Whether a provider reads this finding as it stands. That a line is billed twice they do; not how likeness is
    weighed."""
    return finding["severity"] != "note" and not _HIDDEN_FROM_PROVIDERS.search(finding["reason"])


def tells_of_likeness(finding: Told) -> bool:
    """Whether it says that something was found beside what was billed before, of which a provider reads no more."""
    return finding["severity"] != "note" and str(finding["reason"]).startswith("duplicate_")


def for_provider(told: Told, shown: Shown) -> list[ForProvider]:
    """The newest version first."""
    return [_for_provider(one, shown) for one in reversed(told["versions"])]


def for_operations(told: Told, shown: Shown, *, sees_personal: bool) -> list[ForOperations]:
    """The newest version first; without ``sees_personal`` values that tell of a person are masked."""
    return [_for_operations(one, shown, sees_personal) for one in reversed(told["versions"])]


def _for_provider(told: Told, shown: Shown) -> ForProvider:
    outcome, _ = verdict_keys(told["verdict"])
    findings = [*told["findings"], *told["duplicates"]]
    return ForProvider(
        version=told["version"],
        outcome=outcome,
        rule_set=(told["pinned"]["rule_set"] or "")[:12],
        held=sum(1 for one in told["rules"] if one["verdict"] == "passed"),
        failing=[
            Failing(one["message"], field_words(one["field"], shown.language), one["fix"], one["severity"])
            for one in findings
            if open_to_provider(one)
        ],
        compared=any(map(tells_of_likeness, findings)),
        price=_price(told["price"]),
    )


def _for_operations(told: Told, shown: Shown, sees_personal: bool) -> ForOperations:
    outcome, reasons = verdict_keys(told["verdict"])
    rows = [_row(found, shown, sees_personal) for found in _by_rule(told["rules"])]
    findings = told["findings"]
    if not sees_personal:
        findings = [_masked(one, told["rules"], shown) for one in findings]
    stands = [one for one in (*findings, *told["duplicates"]) if one["severity"] != "note"]
    paid = told["state"] in ("approved", "stopping", "final")
    held = [row for row in rows if row.verdict == "passed" and row.margin is not None]
    return ForOperations(
        version=told["version"],
        outcome=outcome,
        reasons=reasons,
        state=told["state"],
        cents=told["verdict_cents"],
        pinned=told["pinned"],
        rules=[row for row in rows if row.verdict in _ASKED],
        not_asked=sum(1 for row in rows if row.verdict == "not_applicable"),
        near=sorted(held, key=lambda row: float(row.margin or 0)),
        findings=findings,
        overridden=stands if paid else [],
        duplicates=told["duplicates"],
        used_up=told["used_up"],
        price=_price(told["price"]),
        differs=told["differs"],
    )


def _masked(finding: Told, rules: Iterable[Told], shown: Shown) -> Told:
    """A finding has its rule's sentence filled in already: where that names a value of a person it is said anew."""
    for rule in rules:
        is_its = (rule["rule"], rule["version"]) == (finding["rule"], finding["rule_version"])
        if is_its and any(map(_PERSONAL.match, names_in(rule["message"] + rule["fix"]))):
            read = {name: value_of(name, value, shown, False) for name, value in rule["read"].items()}
            return {**finding, **{part: with_values(rule[part], read) for part in ("message", "fix")}}
    # No rule's sentence: it names the day of which the payer took the member's coverage back.
    return {**finding, "message": MASK} if finding["reason"] == Reason.COVERAGE_ENDED.value else finding


def _by_rule(read: Iterable[Told]) -> list[list[Told]]:
    """What each rule came to, on whichever lines, the worst first; rules in the order of how they came out."""
    found: dict[tuple[str, int], list[Told]] = {}
    for one in read:
        found.setdefault((one["rule"], one["version"]), []).append(one)
    for each in found.values():
        each.sort(key=lambda one: (_worse(one), one["margin"] if one["margin"] is not None else 0))
    return sorted(found.values(), key=lambda each: (_worse(each[0]), each[0]["rule"]))


def _worse(one: Told) -> int:
    return _WORST_FIRST.index(one["verdict"]) if one["verdict"] in _WORST_FIRST else 0


def _row(found: Sequence[Told], shown: Shown, sees_personal: bool) -> RuleRow:
    worst = found[0]
    read = {name: value_of(name, value, shown, sees_personal) for name, value in worst["read"].items()}
    alike = [one for one in found if one["verdict"] == worst["verdict"] and one["line"] is not None]
    return RuleRow(
        rule=worst["rule"],
        version=worst["version"],
        verdict=worst["verdict"],
        lines=[one["line"] + 1 for one in alike[:LINES_NAMED]] if worst["verdict"] != "passed" else [],
        message=with_values(worst["message"], read),
        field=field_words(worst["field"], shown.language),
        read=list(read.items()),
        margin=None if worst["margin"] is None else f"{worst['margin']:g}",
        near_miss=worst.get("near_miss", False),
    )


MASK = "•••"
UNKNOWN = "–"


def value_of(name: str, value: Any, shown: Shown, sees_personal: bool) -> str:
    """A fact's value in plain words: dates and money as people write them."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return str(value).lower()
    if not sees_personal and _PERSONAL.match(name):
        return MASK
    if name.endswith("_cents") and isinstance(value, int):
        return shown.money(value)
    if name.endswith("_day") and isinstance(value, int):
        return shown.day(date.fromordinal(value)) if 0 < value < date.max.toordinal() else UNKNOWN
    return str(value)


_PATIENTS_SHARE = ("deductible_cents", "copay_cents", "coinsurance_cents")


def _price(lines: Iterable[Told]) -> list[PriceStep]:
    return [
        PriceStep(
            line_id=one["line_id"],
            code=one["code"],
            charge_cents=one["charge_cents"],
            rate_cents=one["rate_cents"],
            units_thousandths=one["units_thousandths"],
            allowed_cents=one["allowed_cents"],
            patient_cents=None
            if one["paid_cents"] is None
            else sum(one[name] or 0 for name in _PATIENTS_SHARE),
            paid_cents=one["paid_cents"],
        )
        for one in lines
    ]
