"""What a clean claim is paid, reckoned independently of the service that decides it.

For each line: the rate in force on its first day, for its first modifier where the schedule prices that one, times the
units, half a cent up; the lesser of that and the charge is allowed. The copay comes off what is allowed, and
coinsurance is a share of what is left of the whole claim, half a cent up.
"""

from __future__ import annotations

from datetime import date

from throughline.reference import ContractRecorded, FeeScheduleRecorded, Rate
from throughline.requests import PaymentRequest, ServiceLine


def _in_force(rate: Rate, day: date) -> bool:
    return rate.effective_from <= day and (rate.effective_to is None or day <= rate.effective_to)


def rate_cents(schedule: FeeScheduleRecorded, line: ServiceLine) -> int | None:
    """Cents for one unit, or None where the schedule has no price for the line."""
    fitting = [rate for rate in schedule.rates if rate.code == line.code and _in_force(rate, line.from_date)]
    for modifier in (*line.modifiers, None):
        for rate in fitting:
            if rate.modifier == modifier:
                return rate.amount_cents
    return None


def _share(cents: int, numerator: int, denominator: int) -> int:
    """cents × numerator / denominator, half up."""
    return (2 * cents * numerator + denominator) // (2 * denominator)


def allowed_cents(schedule: FeeScheduleRecorded, line: ServiceLine) -> int | None:
    rate = rate_cents(schedule, line)
    return None if rate is None else min(line.charge_cents, _share(rate, line.units_thousandths, 1000))


def paid_cents(
    request: PaymentRequest, contract: ContractRecorded, schedule: FeeScheduleRecorded
) -> int | None:
    """What the payer pays for the whole claim; None where a line has no price."""
    allowed = [allowed_cents(schedule, line) for line in request.lines]
    if any(one is None for one in allowed):
        return None
    allowed_in_all = sum(one for one in allowed if one is not None)
    owed = allowed_in_all - min(contract.copay_cents, allowed_in_all)
    return owed - _share(owed, contract.coinsurance_basis_points, 10_000)
