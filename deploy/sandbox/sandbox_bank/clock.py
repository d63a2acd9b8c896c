"""The instant the bank lives by: the sandbox clock's, or the real one."""

import json
from datetime import UTC, datetime
from pathlib import Path


class BankClock:
    """Reads the clock file at every question; a file that is being replaced leaves the last answer standing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._last: datetime | None = None

    def now(self) -> datetime:
        """Aware, in UTC. Never goes back."""
        if self._file is None:
            read = datetime.now(UTC)
        else:
            try:
                read = datetime.fromisoformat(json.loads(self._file.read_text("utf-8"))["now"]).astimezone(
                    UTC
                )
            except (OSError, ValueError, KeyError):
                if self._last is None:
                    raise
                read = self._last
        self._last = read if self._last is None else max(self._last, read)
        return self._last
