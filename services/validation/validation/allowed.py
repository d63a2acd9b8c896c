"""What is allowed for each line: its rate, what modifiers make of it, the units covered of a day, multiple procedures.

Three steps, each rounded half up to the cent and none above the one before: ``full`` = min(charge, rate x units x
shares of modifiers); ``covered``, of that, the units within the day's limit; ``allowed``, of that, the share left by
multiple procedures. Charge - full is contractual (CO 45), full - covered the excess units (CO 151), covered - allowed
the reduction (CO 59). Where lines compete (for a day's units, for the place paid in full) the dearest comes first, so
that the order of the lines decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from throughline.reference import ModifierTerm
from throughline.requests import ServiceLine
from validation.price_terms import PLAIN, PriceTerms
from validation.reference import RateTable, in_force

WHOLE = 10_000
"""Basis points of the whole."""

MODIFIERS_MAX = 4
"""Of one line."""

DAYS_MAX = 366
"""Days of one line that count towards daily limits; the days of a longer line have no units of their own."""


class Allowed(NamedTuple):
    """Of one line, in cents: charge >= full >= covered >= allowed >= 0."""

    full_cents: int
    covered_cents: int
    allowed_cents: int


class _Worth(NamedTuple):
    """Of one line: the rate and the shares of its modifiers, as a fraction of whole numbers."""

    line: ServiceLine
    rate_cents: int
    shares: int
    of: int

    def cents(self, units_thousandths: int) -> int:
        return rounded(self.rate_cents * units_thousandths * self.shares, 1000 * self.of)


def allowed(
    lines: Sequence[ServiceLine], rates: RateTable, terms: PriceTerms = PLAIN
) -> list[Allowed] | None:
    """One entry per line, in the order of the lines; None where a line has no rate."""
    found: list[tuple[int, str | None]] = []
    for line in lines:
        rate = rate_and_modifier(line, rates)
        if rate is None:
            return None
        found.append(rate)
    if terms is PLAIN:
        return [
            Allowed(cents, cents, cents)
            for line, (rate_cents, _) in zip(lines, found, strict=True)
            for cents in (min(line.charge_cents, rounded(rate_cents * line.units_thousandths, 1000)),)
        ]
    worths = [
        _Worth(line, rate_cents, *_shares(line, by_modifier, terms))
        for line, (rate_cents, by_modifier) in zip(lines, found, strict=True)
    ]
    full = [min(one.line.charge_cents, one.cents(one.line.units_thousandths)) for one in worths]
    covered = _within_limits(worths, full, terms) if terms.limits else full
    left = _after_multiple_procedures(lines, covered, terms)
    return [Allowed(*steps) for steps in zip(full, covered, left, strict=True)]


def rate_and_modifier(line: ServiceLine, rates: RateTable) -> tuple[int, str | None] | None:
    """Cents per unit in force on the line's first day, and the modifier it is recorded under: the line's first that has
    a rate, else none."""
    for modifier in (*line.modifiers, None):
        for rate in rates.get((line.code, modifier), ()):
            if in_force(rate.effective_from, rate.effective_to, line.from_date):
                return rate.amount_cents, modifier
    return None


def rounded(dividend: int, divisor: int) -> int:
    """The quotient, half up."""
    return (2 * dividend + divisor) // (2 * divisor)


def _shares(line: ServiceLine, by_modifier: str | None, terms: PriceTerms) -> tuple[int, int]:
    """All shares of the line's modifiers, multiplied; one that has a rate of its own is in the rate already."""
    shares = of = 1
    for modifier in dict.fromkeys(line.modifiers):
        if modifier == by_modifier:
            continue
        term = _term(line, terms.modifiers.get(modifier, ()), "share")
        if term is not None:
            shares, of = shares * term.basis_points, of * WHOLE
    return shares, of


def _term(
    line: ServiceLine, terms: Iterable[ModifierTerm], effect: Literal["share", "multiple", "separate"]
) -> ModifierTerm | None:
    """The latest of these terms that applies to the line."""
    for term in terms:
        if (
            term.effect == effect
            and in_force(term.effective_from, term.effective_to, line.from_date)
            and (not term.codes or line.code in term.codes)
        ):
            return term
    return None


def _within_limits(worths: Sequence[_Worth], full: Sequence[int], terms: PriceTerms) -> list[int]:
    """Of each line's full amount what its covered units are worth: their share of the charge, at most their rate."""
    covered = list(full)
    left: dict[tuple[str, date], int] = {}
    for at in sorted(range(len(worths)), key=lambda at: _dearest_first(worths[at], full[at])):
        one = worths[at]
        units = one.line.units_thousandths
        limit = _limit_thousandths(one.line, terms)
        if limit is None or units == 0:
            continue
        taken = _take(one.line, limit, left)
        if taken < units:
            covered[at] = min(rounded(one.line.charge_cents * taken, units), one.cents(taken), full[at])
    return covered


def _dearest_first(one: _Worth, full_cents: int) -> tuple[int, ...]:
    """Everything that decides what a line's covered units are worth, so that lines alike in it are alike in price."""
    line = one.line
    return (
        -full_cents,
        line.units_thousandths,
        -line.charge_cents,
        -one.rate_cents * one.shares * (WHOLE**MODIFIERS_MAX // one.of),
        line.from_date.toordinal(),
        line.to_date.toordinal(),
    )


def _limit_thousandths(line: ServiceLine, terms: PriceTerms) -> int | None:
    for limit in terms.limits.get(line.code, ()):
        if in_force(limit.effective_from, limit.effective_to, line.from_date):
            return limit.units_per_day * 1000
    return None


def _take(line: ServiceLine, limit: int, left: dict[tuple[str, date], int]) -> int:
    """Units of the line's days, day by day, as far as they are left."""
    wanted, day = line.units_thousandths, line.from_date
    last = min(line.to_date, date.fromordinal(min(day.toordinal() + DAYS_MAX - 1, date.max.toordinal())))
    while wanted:
        of_day = min(wanted, left.get((line.code, day), limit))
        left[line.code, day] = left.get((line.code, day), limit) - of_day
        wanted -= of_day
        if day >= last:
            break
        day += timedelta(days=1)
    return line.units_thousandths - wanted


def _after_multiple_procedures(
    lines: Sequence[ServiceLine], covered: Sequence[int], terms: PriceTerms
) -> list[int]:
    """Of several services of one day the dearest in full, the others at the term's share, separate ones untouched."""
    left = list(covered)
    for modifier, of_modifier in terms.modifiers.items():
        days: dict[date, list[int]] = {}
        shares: dict[int, int] = {}
        for at, line in enumerate(lines):
            term = _term(line, of_modifier, "multiple")
            if term is not None and not _is_separate(line, terms):
                shares[at] = term.basis_points
                days.setdefault(line.from_date, []).append(at)
        for together in days.values():
            if not any(modifier in lines[at].modifiers for at in together):
                continue
            in_full = max([(covered[at], -shares[at], -at) for at in together])[2]
            for at in together:
                if at != -in_full:
                    left[at] = min(left[at], rounded(covered[at] * shares[at], WHOLE))
    return left


def _is_separate(line: ServiceLine, terms: PriceTerms) -> bool:
    return any(_term(line, terms.modifiers.get(modifier, ()), "separate") for modifier in line.modifiers)
