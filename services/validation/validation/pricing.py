"""What the contract pays for each line, and the adjustments that explain every cent between charge and payment.

What is allowed is worked out in ``allowed.py``: the rate, modifiers, the units covered of a day, multiple procedures;
each difference is an adjustment of its own (CO 45, CO 151, CO 59). Of what is allowed the patient owes the copay
(PR 3), taken from the lines in order, then the coinsurance (PR 2), a share of what is left, rounded half up once per
request and spread over the lines in proportion. All of it in integers: cents, thousandths of units, basis points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from throughline.money import allocate
from throughline.requests import ServiceLine
from validation.allowed import allowed
from validation.reference import Terms


class LinePrice(NamedTuple):
    """A line's price in cents: the charge is the sum of all parts and what is paid."""

    charge_cents: int
    contractual_cents: int
    copay_cents: int
    coinsurance_cents: int
    excess_cents: int = 0
    """For units above the contract's limit of a day."""
    reduction_cents: int = 0
    """Because of a dearer service on the same day."""

    @property
    def allowed_cents(self) -> int:
        return self.charge_cents - self.contractual_cents - self.excess_cents - self.reduction_cents

    @property
    def patient_cents(self) -> int:
        return self.copay_cents + self.coinsurance_cents

    @property
    def paid_cents(self) -> int:
        return self.allowed_cents - self.patient_cents


@dataclass(frozen=True)
class Price:
    """The price of a request, one entry per line in the request's order."""

    lines: tuple[LinePrice, ...]

    @cached_property
    def paid_cents(self) -> int:
        return sum([line.paid_cents for line in self.lines])

    @cached_property
    def patient_cents(self) -> int:
        return sum([line.patient_cents for line in self.lines])


def price(lines: Sequence[ServiceLine], terms: Terms) -> Price | None:
    """The price under the terms on file; None where there is no contract or one line has no rate. Zero is a price."""
    if terms.contract is None or terms.rates is None:
        return None
    steps = allowed(lines, terms.rates, terms.price_terms)
    if steps is None:
        return None
    copays = _copays([one.allowed_cents for one in steps], terms.contract.copay_cents)
    owed = [one.allowed_cents - copay for one, copay in zip(steps, copays, strict=True)]
    coinsurances = _coinsurances(owed, terms.contract.coinsurance_basis_points)
    return Price(
        tuple(
            [
                LinePrice(
                    line.charge_cents,
                    line.charge_cents - one.full_cents,
                    copay,
                    coinsurance,
                    one.full_cents - one.covered_cents,
                    one.covered_cents - one.allowed_cents,
                )
                for line, one, copay, coinsurance in zip(lines, steps, copays, coinsurances, strict=True)
            ]
        )
    )


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
