"""Do the lines of two requests bill the same service? Dates that overlap and one code, whatever the lines are cut into;
or one amount under another code; or one service on a day that may be mistyped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from throughline.requests import ServiceLine
from validation.near_duplicates.rules import DuplicateRules, Thresholds

Lines = Sequence[ServiceLine]


@dataclass(frozen=True, slots=True)
class ServiceMatch:
    """Percent of the weights of dates, services and amount."""

    dates: int
    services: int
    amount: int
    keys: tuple[str, ...]
    shifted_to: date | None = None
    """The earlier day, where the days differ."""


def match_services(
    here: Lines, there: Lines, rules: DuplicateRules, terms: Thresholds, tied: bool
) -> ServiceMatch | None:
    """The strongest of the three. ``tied``: invoice or number say that both are one bill, so a day may be mistyped."""
    pairs = [
        (one, other)
        for one in here
        for other in there
        if _overlap(one, other) and _distinct(one, rules) == _distinct(other, rules)
    ]
    same_code = [(one, other) for one, other in pairs if one.code == other.code]
    if same_code:
        return _same_code(same_code, rules, terms)
    if pairs:
        share = _amount(_charge(here), _charge(there), rules, terms)
        keys = ("dates", "amount") if share == 100 else ("dates", "amount_close") if share else ("dates",)
        return ServiceMatch(100, 0, share, keys)
    return _shifted(here, there, rules, terms, tied)


def _overlap(one: ServiceLine, other: ServiceLine) -> bool:
    """On a day of both. Two periods of several days that share the day on which one ends and the other begins follow
    one another: so recurring care and prescriptions are billed."""
    if one.from_date < one.to_date and other.from_date < other.to_date:
        return one.from_date < other.to_date and other.from_date < one.to_date
    return one.from_date <= other.to_date and other.from_date <= one.to_date


def _same_code(
    pairs: list[tuple[ServiceLine, ServiceLine]], rules: DuplicateRules, terms: Thresholds
) -> ServiceMatch:
    """Sums over the lines that meet, so that one line of three units equals three lines of one."""
    ours = list({id(one): one for one, _ in pairs}.values())
    theirs = list({id(other): other for _, other in pairs}.values())
    share = max(
        _amount(_charge(ours), _charge(theirs), rules, terms),
        100 if any(one.charge_cents == other.charge_cents for one, other in pairs) else 0,
    )
    keys = ["dates", "code"]
    if share:
        keys.append("amount" if share == 100 else "amount_close")
    if _units(ours) == _units(theirs):
        keys.append("units")
    return ServiceMatch(100, 100, share, tuple(keys))


def _shifted(
    here: Lines, there: Lines, rules: DuplicateRules, terms: Thresholds, tied: bool
) -> ServiceMatch | None:
    """Every line again, by one shift of the calendar: code, modifiers, units and charge. Of single days only: periods
    that follow one another are how rent and recurring care are billed."""
    if any(line.from_date != line.to_date for line in (*here, *there)):
        return None
    first = min(line.from_date for line in there)
    shift = (min(line.from_date for line in here) - first).days
    if shift == 0 or not (tied or abs(shift) <= terms.shift_days):
        return None
    billed = {_bill(line, first) for line in there}
    ours = min(line.from_date for line in here)
    if not all(_bill(line, ours) in billed for line in here):
        return None
    return ServiceMatch(
        rules.shares.tied_shift if tied else 0, 100, 100, ("code", "units", "amount"), shifted_to=first
    )


def _bill(line: ServiceLine, first: date) -> tuple[object, ...]:
    modifiers = tuple(sorted(line.modifiers))
    return (
        (line.from_date - first).days, line.code, modifiers, line.unit, line.units_thousandths, line.charge_cents,
    )  # fmt: skip


def _distinct(line: ServiceLine, rules: DuplicateRules) -> frozenset[str]:
    return rules.distinct_modifiers.intersection(line.modifiers)


def _amount(ours: int, theirs: int, rules: DuplicateRules, terms: Thresholds) -> int:
    if ours == theirs:
        return 100
    allowed = max(terms.amount_tolerance_cents, max(ours, theirs) * terms.amount_tolerance_percent // 100)
    return rules.shares.amount_close if abs(ours - theirs) <= allowed else 0


def _charge(lines: Lines) -> int:
    return sum([line.charge_cents for line in lines])


def _units(lines: Lines) -> int:
    return sum([line.units_thousandths for line in lines])
