"""Banking days and cutoffs, as far as a date can be foretold from them. Pure: the instant is always an argument.

The days are the Federal Reserve's, as payout counts them; the cutoffs are each bank's own and come from settings. What
really happens is payout's to say: these dates are told to people before it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

BANK_ZONE = ZoneInfo("America/New_York")
_AHEAD_DAYS = 14  # longer than any run of days without a banking day


@dataclass(frozen=True, slots=True, order=True)
class Cutoff:
    """A time of day in New York by which a payment must stand in the bank's file; ``same_day``: settles that day."""

    at: time
    same_day: bool = False


@dataclass(frozen=True, slots=True)
class NextCutoff:
    """The next file that a payment can leave in, and the day on which its entries settle."""

    closes_at: datetime
    settles_on: date


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.financial_holidays("FED", years=year))  # type: ignore[attr-defined,unused-ignore]


def is_banking_day(day: date) -> bool:
    """Monday to Friday, and no Federal Reserve holiday."""
    return day.weekday() < 5 and day not in _holidays_of(day.year)


def add_banking_days(day: date, count: int) -> date:
    """The count-th banking day after a day, which may be any."""
    for _ in range(count):
        day += timedelta(days=1)
        while not is_banking_day(day):
            day += timedelta(days=1)
    return day


def business_day(now: datetime) -> date:
    """The day in New York."""
    return now.astimezone(BANK_ZONE).date()


def next_cutoff(cutoffs: Sequence[Cutoff], now: datetime) -> NextCutoff | None:
    """The next cutoff after now; None where none is known."""
    day = business_day(now)
    for ahead in range(_AHEAD_DAYS):
        candidate = day + timedelta(days=ahead)
        if not is_banking_day(candidate):
            continue
        for cutoff in sorted(cutoffs):
            closes_at = datetime.combine(candidate, cutoff.at, BANK_ZONE).astimezone(UTC)
            if closes_at > now:
                return NextCutoff(closes_at, candidate if cutoff.same_day else add_banking_days(candidate, 1))
    return None


def first_cutoff_on(cutoffs: Sequence[Cutoff], day: date) -> NextCutoff | None:
    """The first cutoff of a day or of the first banking day after it."""
    return next_cutoff(cutoffs, datetime.combine(day, time(0), BANK_ZONE).astimezone(UTC))
