"""Money, times and names as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from rich.console import Console

NEW_YORK = ZoneInfo("America/New_York")
console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)


def instant(at: datetime) -> str:
    """``Mon 16 Nov 2026 10:00 in New York (15:00 UTC)``: banks and cutoffs live in New York."""
    there = at.astimezone(NEW_YORK)
    return f"{there:%a %d %b %Y %H:%M} in New York ({at.astimezone(UTC):%H:%M} UTC)"


def day(on: date) -> str:
    return f"{on:%a %d %b %Y}"


def moment(at: datetime) -> str:
    """A moment of real time, to the millisecond, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"
