"""What the contract pays for each line, and the adjustments that explain every cent between charge and payment.

What is allowed is worked out in ``allowed.py``: the rate, modifiers, the units covered of a day, multiple procedures;
each difference is an adjustment of its own (CO 45, CO 151, CO 59). Of what is allowed the patient owes what
is left of the year's deductible (PR 1), then the copay (PR 3), both taken from the lines in order, then the coinsurance
(PR 2), a share of what is left, rounded half up once per request and spread over the lines in proportion; together at
most what is left of the year's out-of-pocket maximum. All of it in integers: cents, thousandths of units, basis points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from throughline.money import allocate
from throughline.reference import ContractRecorded
from throughline.requests import ServiceLine
from validation.allowed import allowed, rounded
from validation.reference import Terms


class OtherPart(NamedTuple):
    """A part of a charge that something else than the contract takes off: CAS group, code, cents."""

    group: str
    carc: str
    cents: int


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
    deductible_cents: int = 0
    others: tuple[OtherPart, ...] = ()
    """Of a programme's own prices."""

    @property
    def allowed_cents(self) -> int:
        agreed = self.charge_cents - self.contractual_cents - self.excess_cents - self.reduction_cents
        return agreed - _taken(self.others, by_patient=False) if self.others else agreed

    @property
    def patient_cents(self) -> int:
        owed = self.deductible_cents + self.copay_cents + self.coinsurance_cents
        return owed + _taken(self.others, by_patient=True) if self.others else owed

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

    @cached_property
    def deductible_cents(self) -> int:
        return sum([line.deductible_cents for line in self.lines])


class PatientLeft(NamedTuple):
    """What the patient still owes of the plan year: of the deductible, and of everything (None: without end)."""

    deductible_cents: int = 0
    out_of_pocket_cents: int | None = None


NOTHING_COUNTED = PatientLeft()


def price(lines: Sequence[ServiceLine], terms: Terms, left: PatientLeft = NOTHING_COUNTED) -> Price | None:
    """The price under the terms on file; None where there is no contract or one line has no rate. Zero is a price."""
    if terms.contract is None or terms.rates is None:
        return None
    steps = allowed(lines, terms.rates, terms.price_terms)
    if steps is None:
        return None
    shares = _patient_shares([one.allowed_cents for one in steps], terms.contract, left)
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
                    deductible,
                )
                for line, one, deductible, copay, coinsurance in zip(lines, steps, *shares, strict=True)
            ]
        )
    )


def _patient_shares(
    owed: list[int], contract: ContractRecorded, left: PatientLeft
) -> tuple[list[int], list[int], list[int]]:
    """Deductible, copay and coinsurance of each line, each of what the one before has left, together at most what the
    patient still owes of the year."""
    most = left.out_of_pocket_cents
    deductibles = _from_lines(owed, _at_most(left.deductible_cents, most))
    if left.deductible_cents:
        owed = [amount - part for amount, part in zip(owed, deductibles, strict=True)]
    most = None if most is None else most - sum(deductibles)
    copays = _from_lines(owed, _at_most(contract.copay_cents, most))
    owed = [amount - part for amount, part in zip(owed, copays, strict=True)]
    most = None if most is None else most - sum(copays)
    total = _at_most(rounded(sum(owed) * contract.coinsurance_basis_points, 10_000), most)
    return deductibles, copays, allocate(total, owed) if total else [0] * len(owed)


def _at_most(cents: int, most: int | None) -> int:
    return cents if most is None else min(cents, most)


def _from_lines(owed: Sequence[int], cents: int) -> list[int]:
    """An amount of the request, from its lines in order, never more than a line has left."""
    if not cents:
        return [0] * len(owed)
    taken, left = [], cents
    for amount in owed:
        part = min(amount, left)
        taken.append(part)
        left -= part
    return taken


def _taken(parts: Sequence[OtherPart], *, by_patient: bool) -> int:
    return sum([one.cents for one in parts if (one.group == "PR") is by_patient])
