"""The bank's own calendar: the Federal Reserve's rule, computed here and not taken from any library."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
MORNING = time(8, 0)
EVENING = time(18, 30)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


@lru_cache(maxsize=16)
def _closed(year: int) -> frozenset[date]:
    fixed = (date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25))
    moved = (day + timedelta(days=1) if day.weekday() == 6 else day for day in fixed)
    memorial = _nth(year, 6, 0, 1) - timedelta(days=7)
    floating = (_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), memorial, _nth(year, 9, 0, 1), _nth(year, 10, 0, 2))
    return frozenset((*moved, *floating, _nth(year, 11, 3, 4)))


def is_banking_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _closed(day.year)


def roll(day: date) -> date:
    """The day itself, or the next banking day."""
    while not is_banking_day(day):
        day += timedelta(days=1)
    return day


def after(day: date, count: int) -> date:
    """The count-th banking day after a day."""
    for _ in range(count):
        day = roll(day + timedelta(days=1))
    return day


def moments(since: datetime, until: datetime) -> Iterator[tuple[datetime, date, time]]:
    """Every morning and evening of banking days in (since, until], in order."""
    day = since.astimezone(ZONE).date()
    last = until.astimezone(ZONE).date()
    while day <= last:
        if is_banking_day(day):
            for at in (MORNING, EVENING):
                instant = datetime.combine(day, at, ZONE).astimezone(UTC)
                if since < instant <= until:
                    yield instant, day, at
        day += timedelta(days=1)
