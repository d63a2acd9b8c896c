"""Banking days, cutoffs, windows and the dates that follow from them. Pure: the instant is always an argument.

Sources: Federal Reserve holiday schedule (a Saturday holiday is not moved, a Sunday one moves to Monday); Nacha rules
on effective entry dates and on the two-banking-day return window. Cutoffs are the bank's own and come from settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

BANK_ZONE = ZoneInfo("America/New_York")
RETURN_WINDOW_BANKING_DAYS = 2
_LOOK_BACK_DAYS = 14  # longer than any run of days without a banking day


@dataclass(frozen=True, slots=True, order=True)
class Cutoff:
    """A time of day by which a file must be built for the bank, local to America/New_York.

    `same_day`: its entries settle on the day itself; otherwise on the next banking day.
    """

    at: time
    same_day: bool = False
    grace: timedelta = timedelta(minutes=10)
    """How long after the cutoff the bank still takes a same-day file for the day."""


@dataclass(frozen=True, slots=True)
class Window:
    """One cutoff on one banking day. A window closes once per bank; its id is part of the batch's."""

    id: str
    closes_at: datetime  # UTC
    day: date
    same_day: bool
    grace: timedelta = timedelta(minutes=10)


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.financial_holidays("FED", years=year))  # type: ignore[attr-defined,unused-ignore]


def is_banking_day(day: date) -> bool:
    """Monday to Friday, and no Federal Reserve holiday."""
    return day.weekday() < 5 and day not in _holidays_of(day.year)


def banking_day_from(day: date) -> date:
    """The day itself if it is a banking day, else the next one."""
    while not is_banking_day(day):
        day += timedelta(days=1)
    return day


def add_banking_days(day: date, count: int) -> date:
    """The count-th banking day after a day, or before it where the count is negative. The day itself may be any."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_banking_day(day):
            day += step
    return day


def return_window_end(settled_on: date) -> date:
    """The banking day by whose opening an ordinary return must have reached our bank."""
    return add_banking_days(settled_on, RETURN_WINDOW_BANKING_DAYS)


def _window(day: date, cutoff: Cutoff) -> Window:
    # fold=0: at the autumn change the earlier of two equal local times is meant; in the spring gap zoneinfo takes
    # the offset before the change. No bank cuts off between 01:00 and 03:00, but the answer is defined.
    closes_at = datetime.combine(day, cutoff.at, BANK_ZONE).astimezone(UTC)
    return Window(f"{day.isoformat()}T{cutoff.at:%H%M}", closes_at, day, cutoff.same_day, cutoff.grace)


def last_window(cutoffs: Sequence[Cutoff], now: datetime) -> Window:
    """The latest window that has closed by now (its cutoff is at or before now)."""
    day = now.astimezone(BANK_ZONE).date()
    for back in range(_LOOK_BACK_DAYS):
        candidate = day - timedelta(days=back)
        if is_banking_day(candidate):
            for cutoff in sorted(cutoffs, reverse=True):
                window = _window(candidate, cutoff)
                if window.closes_at <= now:
                    return window
    raise ValueError("no cutoff is set")


def next_window(cutoffs: Sequence[Cutoff], now: datetime) -> Window:
    """The next window that will close (its cutoff is after now)."""
    day = now.astimezone(BANK_ZONE).date()
    for ahead in range(_LOOK_BACK_DAYS):
        candidate = day + timedelta(days=ahead)
        if is_banking_day(candidate):
            for cutoff in sorted(cutoffs):
                window = _window(candidate, cutoff)
                if window.closes_at > now:
                    return window
    raise ValueError("no cutoff is set")


def planned_date(window: Window) -> date:
    """The effective entry date of a window that closes on time."""
    return window.day if window.same_day else add_banking_days(window.day, 1)


def dated_until(window: Window) -> datetime:
    """The instant (UTC) from which a file of this window would carry a date that the bank can no longer keep: a
    same-day file some minutes after its cutoff, any other when its effective date begins."""
    if window.same_day:
        return window.closes_at + window.grace
    return begin_of(planned_date(window))


def begin_of(day: date) -> datetime:
    """The instant (UTC) at which a day begins at the bank."""
    return datetime.combine(day, time(), BANK_ZONE).astimezone(UTC)


def effective_date(window: Window, now: datetime) -> date:
    """The effective entry date of a window's entries, closed or released now.

    A file that is late (we were down, nobody released it) never carries a date that has passed: a stale date would be
    settled whenever the operator likes, or come back R18.
    """
    return planned_date(window) if now < dated_until(window) else late_date(now)


def late_date(now: datetime) -> date:
    """The effective entry date of a file that missed its own: the next banking day."""
    return add_banking_days(now.astimezone(BANK_ZONE).date(), 1)
