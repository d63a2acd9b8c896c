"""The receiver holds order. Pure: records in, what may be applied now out. Nothing here waits or fails.

A partition of ours holds a permutation, with duplicates, of the sequences 1..n. Exactly ``applied`` + 1 is next;
higher ones are kept in memory until their turn. On overflow the lowest are kept and reading goes on, because the
missing record lies behind; once drained, the log is read again from ``next``. Reading again is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.arrival import Arrival, record_hash


@dataclass(frozen=True, slots=True)
class Position:
    """``next``: the lowest offset not yet applied. ``applied``: the last sequence applied, with its id."""

    next: int
    applied: int = 0
    applied_id: UUID | None = None
    last_hash: bytes | None = None
    """Of the record at ``next`` - 1; None where it is not at hand."""


class Contradiction(Exception):
    """The last applied sequence came again under another id: one of the two databases is not what it was."""


class LogChanged(Exception):
    """The record before the position is not the one that was applied: the log was cut or re-created."""


class Hole(Exception):
    """Offsets are missing where they must be dense."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"expected offset {expected}, found {found}")
        self.expected, self.found = expected, found


class Plan:
    """Records whose turn it is, in order, and the position after any number of them."""

    def __init__(self, order: Order, ready: list[Arrival], before: Position) -> None:
        self._order = order
        self.ready = ready
        self.before = before
        self.whole = order.position(ready, len(ready), before)

    def after(self, count: int) -> Position:
        """The position once the first ``count`` are applied; all of them: past what is skipped, too."""
        if count == len(self.ready):
            return self.whole
        if count == 0:
            return self.before
        return self._order.position(self.ready, count, self.before)


class Order:
    """One partition's memory. Thrown away and built again from the stored position after any failure."""

    def __init__(
        self,
        position: Position,
        *,
        sequenced: bool,
        held_records_max: int = 10_000,
        held_bytes_max: int = 64_000_000,
    ) -> None:
        self.sequenced = sequenced
        self._position = position
        self._applied = position.applied
        self._read_to = position.next
        self._previous: Arrival | None = None
        self._held: dict[int, tuple[Arrival, Arrival | None]] = {}
        self._held_bytes = 0
        self._held_records_max = held_records_max
        self._held_bytes_max = held_bytes_max
        self._dropped: tuple[int, Arrival | None] | None = None
        self.repeated = 0
        self.hole_accepted_at = -1

    @property
    def read_to(self) -> int:
        """The offset behind everything that was taken."""
        return self._read_to

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def waits_for(self) -> int | None:
        """The sequence that what is held waits for; None where nothing waits."""
        return self._applied + 1 if self._held or self._dropped else None

    @property
    def must_read_again(self) -> bool:
        """True once everything kept is applied and something was dropped behind it."""
        return self._dropped is not None and not self._held

    def take(self, arrivals: Sequence[Arrival]) -> Plan:
        """Take records as read. Raises Contradiction, LogChanged, Hole; the memory is to be thrown away then."""
        before = self._position
        ready: list[Arrival] = []
        for arrival in arrivals:
            offset = arrival.record.offset
            if offset < before.next:
                self._check_last(arrival, before)
                continue
            if self.sequenced:
                self._read_to = max(self._read_to, offset + 1)
                self._take_sequenced(arrival, ready)
            else:
                if offset < self._read_to:
                    continue
                if offset > self._read_to != self.hole_accepted_at:
                    raise Hole(self._read_to, offset)
                self._read_to = offset + 1
                ready.append(arrival)
            self._previous = arrival
        plan = Plan(self, ready, before)
        self._position = plan.whole
        return plan

    def _take_sequenced(self, arrival: Arrival, ready: list[Arrival]) -> None:
        sequence = arrival.sequence
        if sequence is None:
            ready.append(arrival)  # nothing of ours: parked at once, out of the order
        elif sequence == self._applied + 1:
            ready.append(arrival)
            self._applied = sequence
            if self._held:
                self._release(ready)
        elif sequence <= self._applied:
            self.repeated += 1
            known = _newest_id(ready, sequence)
            if known is None and sequence == self._position.applied and self._position.applied_id is not None:
                known = str(self._position.applied_id).encode()
            if known is not None and arrival.id != known:
                raise Contradiction(f"sequence {sequence}")
        elif sequence not in self._held:
            self._hold(sequence, arrival)

    def _release(self, ready: list[Arrival]) -> None:
        while (entry := self._held.pop(self._applied + 1, None)) is not None:
            self._applied += 1
            self._held_bytes -= _size(entry[0])
            ready.append(entry[0])

    def _hold(self, sequence: int, arrival: Arrival) -> None:
        self._held[sequence] = (arrival, self._previous)
        self._held_bytes += _size(arrival)
        while len(self._held) > 1 and (
            len(self._held) > self._held_records_max or self._held_bytes > self._held_bytes_max
        ):
            gone, previous = self._held.pop(max(self._held))
            self._held_bytes -= _size(gone)
            if self._dropped is None or gone.offset < self._dropped[0]:
                self._dropped = (gone.offset, previous)

    def _check_last(self, arrival: Arrival, before: Position) -> None:
        if (
            before.last_hash is not None
            and arrival.offset == before.next - 1
            and record_hash(arrival.record) != before.last_hash
        ):
            raise LogChanged

    def position(self, ready: list[Arrival], count: int, before: Position) -> Position:
        """The position once the first ``count`` of ``ready`` are applied, given what is held."""
        rest = ready[count:]
        waiting: list[tuple[int, Arrival | None]] = [(one.offset, None) for one in rest]
        if self._held:
            waiting.extend((entry.offset, previous) for entry, previous in self._held.values())
        if self._dropped is not None:
            waiting.append(self._dropped)
        applied, applied_id = before.applied, before.applied_id
        for one in reversed(ready[:count]):
            if one.sequence is not None and self.sequenced:
                applied, applied_id = one.sequence, _uuid_of(one.id)
                break
        last: Arrival | None
        if waiting:
            following, last = min(waiting, key=lambda entry: entry[0])
        else:
            following, last = self._read_to, self._previous
        if following == before.next:
            return Position(following, applied, applied_id, before.last_hash)
        is_last = last is not None and last.offset == following - 1
        return Position(
            following, applied, applied_id, record_hash(last.record) if last and is_last else None
        )


def _newest_id(ready: list[Arrival], sequence: int) -> bytes | None:
    """The id of the newest record of this slice, if that is its sequence."""
    return ready[-1].id if ready and ready[-1].sequence == sequence else None


def _uuid_of(identity: bytes | None) -> UUID | None:
    try:
        return None if identity is None else UUID(identity.decode())
    except ValueError:
        return None  # such a record is parked for its headers


def _size(arrival: Arrival) -> int:
    return len(arrival.record.value or b"") + 500
