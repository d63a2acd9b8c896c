"""An instant out of an address or a form: what no page of ours wrote is none."""

from __future__ import annotations

from datetime import datetime


def instant_of(text: str) -> datetime:
    """Raises ValueError where it is no instant, or one that the calendar of UTC or the database does not reach."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or not 1 < instant.year < 9999:  # at the ends UTC has no such date
        raise ValueError("an instant has a date and a time zone")
    return instant
