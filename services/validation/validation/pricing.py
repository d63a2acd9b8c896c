"""What the contract pays for each line, and the adjustments that explain every cent between charge and payment.

allowed = min(charge, rate x units), the product rounded half up to the cent, once per line. The difference to the
charge is the contractual obligation (CO 45). Of what is allowed the patient owes the copay (PR 3), taken from the lines
in order, then the coinsurance (PR 2), a share of what is left, rounded half up once per request and spread over the
lines in proportion. All of it in integers: cents, thousandths of units, basis points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from throughline.money import allocate
from throughline.requests import ServiceLine
from validation.reference import RateTable, Terms, in_force


class LinePrice(NamedTuple):
    """A line's price in cents: charge = contractual + copay + coinsurance + paid, allowed = charge - contractual."""

    charge_cents: int
    contractual_cents: int
    copay_cents: int
    coinsurance_cents: int

    @property
    def allowed_cents(self) -> int:
        return self.charge_cents - self.contractual_cents

    @property
    def paid_cents(self) -> int:
        return self.charge_cents - self.contractual_cents - self.copay_cents - self.coinsurance_cents


@dataclass(frozen=True)
class Price:
    """The price of a request, one entry per line in the request's order."""

    lines: tuple[LinePrice, ...]

    @cached_property
    def paid_cents(self) -> int:
        return sum([line.paid_cents for line in self.lines])


def price(lines: Sequence[ServiceLine], terms: Terms) -> Price | None:
    """The price under the terms on file; None where there is no contract or one line has no rate. Zero is a price."""
    if terms.contract is None or terms.rates is None:
        return None
    allowed: list[int] = []
    for line in lines:
        rate_cents = rate_of(line, terms.rates)
        if rate_cents is None:
            return None
        allowed.append(min(line.charge_cents, amount_cents(rate_cents, line.units_thousandths)))
    copays = _copays(allowed, terms.contract.copay_cents)
    owed = [amount - copay for amount, copay in zip(allowed, copays, strict=True)]
    coinsurances = _coinsurances(owed, terms.contract.coinsurance_basis_points)
    return Price(
        tuple(
            LinePrice(line.charge_cents, line.charge_cents - amount, copay, coinsurance)
            for line, amount, copay, coinsurance in zip(lines, allowed, copays, coinsurances, strict=True)
        )
    )


def rate_of(line: ServiceLine, rates: RateTable) -> int | None:
    """Cents per unit in force on the line's first day: of its first modifier that has a rate, else of the bare code."""
    for modifier in (*line.modifiers, None):
        for rate in rates.get((line.code, modifier), ()):
            if in_force(rate.effective_from, rate.effective_to, line.from_date):
                return rate.amount_cents
    return None


def amount_cents(rate_cents: int, units_thousandths: int) -> int:
    """rate x units, rounded half up to the cent.

    >>> amount_cents(333, 1500)
    500
    """
    return (rate_cents * units_thousandths + 500) // 1000


def _copays(allowed: Sequence[int], copay_cents: int) -> list[int]:
    """The copay of the request, from its lines in order, never more than a line is allowed."""
    taken, left = [], copay_cents
    for amount in allowed:
        part = min(amount, left)
        taken.append(part)
        left -= part
    return taken


def _coinsurances(owed: Sequence[int], basis_points: int) -> list[int]:
    """The patient's share of what is owed after the copay, spread so that no line goes below zero."""
    total = sum(owed)
    if total == 0 or basis_points == 0:
        return [0] * len(owed)
    return allocate((total * basis_points + 5_000) // 10_000, owed)
