"""The 5 % rule: a bad deploy must stop the line, not park a day of payments. And what holds a whole service."""

from __future__ import annotations

from collections import deque


class NotSpeaking(RuntimeError):
    """The service is held: what it would say could contradict what the log already holds."""


class BadDeploy(Exception):
    """Too large a share of the newest records fails, over too many keys. The partition stops and parks none."""


class FailureWindow:
    """The last 1,000 records of one partition: which failed, and of which keys. Partners' errors are not counted."""

    SIZE = 1_000

    def __init__(self, share_max: float, keys_max: int) -> None:
        self._share_max = share_max
        self._keys_max = keys_max
        self._seen: deque[tuple[int, bytes | None]] = deque()
        self._failed: dict[int, bytes | None] = {}

    def passed(self, count: int) -> None:
        """Records that were applied."""
        room = min(count, self.SIZE)
        self._seen.extend([(-1, None)] * room)
        self._trim()

    def failed(self, failures: dict[int, bytes | None]) -> None:
        """Failing records by offset, counted once each, before anything is parked. Raises BadDeploy."""
        for offset, key in failures.items():
            if offset not in self._failed:
                self._failed[offset] = key
                self._seen.append((offset, key))
        self._trim()
        keys = set(self._failed.values())
        if len(keys) >= self._keys_max and len(self._failed) > self._share_max * len(self._seen):
            raise BadDeploy(
                f"{len(self._failed)} of the last {len(self._seen)} records fail, {len(keys)} keys"
            )

    def cured(self, offset: int) -> None:
        """A record that failed was applied after all."""
        self._failed.pop(offset, None)

    def _trim(self) -> None:
        while len(self._seen) > self.SIZE:
            self._failed.pop(self._seen.popleft()[0], None)
