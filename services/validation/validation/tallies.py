"""What is used up over many requests: units of an authorisation. One tally each, read and added to when deciding.

A tally is known by a hash alone, as a bill is. What a decision read of a tally and added to it stays on the version:
it is added once, and given back once when the version is stopped before it is paid.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

TallyKey = bytes

KEY_BYTES = 16
_SEPARATOR = "\x1f"


class Reading(NamedTuple):
    """One tally as a decision found it, and what the decision added."""

    kind: str
    key: TallyKey
    before: int
    added: int


Readings = tuple[Reading, ...]


def tally_key(kind: str, *parts: str) -> TallyKey:
    """SHA-256 cut to 128 bits, as for bill keys; the parts may name a person, the key does not."""
    return sha256(_SEPARATOR.join((kind, *parts)).encode()).digest()[:KEY_BYTES]


@dataclass(slots=True)
class Tallies:
    """The tallies that one slice speaks of, as they stand in memory while it decides.

    ``stored`` is what the database held when the slice began, its rows locked; a key without a row counts as nought.
    """

    stored: dict[TallyKey, int]
    used: dict[TallyKey, int] = field(init=False)
    kinds: dict[TallyKey, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.used = dict(self.stored)

    def of(self, key: TallyKey) -> int:
        return self.used.get(key, 0)

    def add(self, readings: Iterable[Reading]) -> None:
        for one in readings:
            if one.added:
                self._move(one, one.added)

    def give_back(self, readings: Iterable[Reading]) -> None:
        for one in readings:
            if one.added:
                self._move(one, -one.added)

    def new(self) -> Sequence[tuple[TallyKey, str, int]]:
        """Tallies that had no row, sorted by key: another replica may be adding them at this moment."""
        return sorted(
            (key, self.kinds[key], used) for key, used in self.used.items() if key not in self.stored
        )

    def changed(self) -> Sequence[tuple[TallyKey, int]]:
        """Rows that were locked at the beginning and say something else now."""
        return sorted((key, self.used[key]) for key, used in self.stored.items() if self.used[key] != used)

    def _move(self, one: Reading, by: int) -> None:
        self.used[one.key] = self.of(one.key) + by
        self.kinds[one.key] = one.kind


def readings_to_json(readings: Readings) -> bytes | None:
    if not readings:
        return None
    return json.dumps([one._replace(key=one.key.hex())._asdict() for one in readings]).encode()  # type: ignore[arg-type]


def readings_from_json(text: bytes | None) -> Readings:
    if not text:
        return ()
    return tuple(
        Reading(one["kind"], bytes.fromhex(one["key"]), one["before"], one["added"])
        for one in json.loads(text)
    )
