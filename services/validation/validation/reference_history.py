"""Versions of reference data that were replaced, as far as they are in memory. All of them stand in the database."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any, NamedTuple
from uuid import UUID

Name = str | UUID
Key = tuple[str, Name]
"""Kind and name of an entity."""

WEIGHT_MAX = 200_000
"""What is kept of older versions: an entity weighs 1, a fee schedule as many as it has rates. Some 100 MB."""


class Stood(NamedTuple):
    """A version of an entity, and the revisions at which it stood; ``value`` None: there was no such entity."""

    since: int
    before: int
    value: Any


class OlderVersions:
    """A bounded memory of replaced versions. What was asked for longest ago is forgotten first."""

    def __init__(self, weight_max: int = WEIGHT_MAX) -> None:
        self._weight_max = weight_max
        self._weight = 0
        self._stood: dict[Key, list[Stood]] = {}

    def clear(self) -> None:
        self._stood.clear()
        self._weight = 0

    def keep(self, key: Key, since: int, before: int, value: Any) -> None:
        """Remember that ``value`` stood from one revision until another one replaced it."""
        stood = self._stood.setdefault(key, [])
        if any(one.since == since for one in stood):
            return
        stood.append(Stood(since, before, value))
        self._weight += _weight(value)

    def at(self, key: Key, revision: int) -> tuple[bool, Any]:
        """Whether it is known what stood then, and what."""
        stood = self._stood.pop(key, None)
        if stood is None:
            return False, None
        self._stood[key] = stood
        for one in stood:
            if one.since <= revision < one.before:
                return True, one.value
        return False, None

    def shrink(self) -> None:
        """Forget what is too much. Never between reading what a slice needs and using it."""
        while self._weight > self._weight_max and self._stood:
            stood = self._stood.pop(next(iter(self._stood)))
            self._weight -= sum(_weight(one.value) for one in stood)


def _weight(value: Any) -> int:
    return max(1, len(value)) if isinstance(value, Sized) else 1
