"""Whether an exclusion list came whole: one that was cut off would let those be paid whom it lost. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from throughline.exclusions import ExclusionListRecorded, is_cut_off

Edition = tuple[str, int, str]
"""A list's id, its version and the hash of its file."""


def edition_of(part: ExclusionListRecorded) -> Edition:
    return part.list_id, part.version, part.sha256


@dataclass(slots=True)
class Arriving:
    """What came of an edition: the entries of each part, and why they may be far fewer, where that was said."""

    parts: int
    entries: dict[int, int] = field(default_factory=dict)
    shrinks_because: str | None = None


@dataclass(slots=True)
class Editions:
    """The lists in force, by version and count of entries, and those that are coming."""

    in_force: dict[str, tuple[int, int]]
    arriving: dict[Edition, Arriving] = field(default_factory=dict)

    def completes_a_cut_list(self, part: ExclusionListRecorded) -> bool:
        """Whether with this part an edition is all there that has far fewer entries than the list in force, for no
        reason that anybody gave. One that is whole is in force for those that follow."""
        version, entries = self.in_force.get(part.list_id, (0, 0))
        if part.version <= version:
            return False
        came = self.arriving.setdefault(edition_of(part), Arriving(part.parts))
        came.parts = min(came.parts, part.parts)
        came.entries.setdefault(part.part, len(part.entries))
        came.shrinks_because = came.shrinks_because or part.shrinks_because
        if len(came.entries) < came.parts:
            return False
        del self.arriving[edition_of(part)]
        count = sum(came.entries.values())
        if came.shrinks_because is None and is_cut_off(count, entries):
            return True
        self.in_force[part.list_id] = part.version, count
        return False


def told(before: Mapping[str, tuple[int, int]], part: ExclusionListRecorded) -> str:
    """Which list was refused, for who must act."""
    version, entries = before.get(part.list_id, (0, 0))
    return f"{part.list_id} of {part.dated_on.isoformat()}: version {version} with {entries} entries stays in force."
