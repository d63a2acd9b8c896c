"""The business clock. Event times are real; business dates (cutoffs, settlement, filing limits) come from here."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells business time. ``now`` is aware, in UTC."""

    def now(self) -> datetime: ...

    def today(self, zone: str = "America/New_York") -> date: ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self, zone: str = "America/New_York") -> date:
        return self.now().astimezone(ZoneInfo(zone)).date()


class SandboxClock:
    """Stands still at the instant in a file ({"now": "2026-01-05T14:00:00+00:00"}) until its owner moves it.

    The file is replaced atomically by `throughline clock`, and read again when it changes. Only a sandbox stack may
    use it: the chassis refuses to start with it where the database is marked live.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: tuple[int, int, int] | None = None
        self._now = datetime.min.replace(tzinfo=UTC)
        self.now()

    def now(self) -> datetime:
        status = self._file.stat()
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            now = datetime.fromisoformat(json.loads(self._file.read_text("utf-8"))["now"])
            if now.tzinfo is None:
                raise ValueError(f"{self._file}: the instant has no time zone")
            self._now, self._stamp = now.astimezone(UTC), stamp
        return self._now

    def today(self, zone: str = "America/New_York") -> date:
        return self.now().astimezone(ZoneInfo(zone)).date()


class FixedClock:
    """For tests: an instant that the test moves."""

    def __init__(self, now: datetime) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant

    def today(self, zone: str = "America/New_York") -> date:
        return self.instant.astimezone(ZoneInfo(zone)).date()


def event_time() -> datetime:
    """The real instant at which something is said (``ce_time``)."""
    return datetime.now(UTC)
