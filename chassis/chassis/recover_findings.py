"""What the log holds above the counters of a database that was put back, found by reading alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from chassis.arrival import ConsumerRecord, in_sequence, raw_record
from chassis.log_reading import At, LogReader, log_reader
from chassis.restored import counters
from chassis.said_before import hash_of_logged
from chassis.say import cause_of
from chassis.service import Service
from throughline.message import TYPE_PREFIX

# A sequence may stand before its turn in the log: replicas send side by side.
_DISPLACED_MAX = 10_000


class CannotRecover(RuntimeError):
    """One sentence that says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One event above the old counter, as the log holds it."""

    id: UUID
    at: At
    sequence: int
    offset: int
    type: str
    key: str
    cause: UUID | None
    content_hash: bytes
    value: bytes | None = None
    """Kept where the service takes it back from its own log."""


@dataclass(slots=True)
class Findings:
    """What the log tells. ``holes``: numbers that were given and never sent. ``until``: where hearing again ends."""

    counters: dict[At, int]
    highest: dict[At, int] = field(default_factory=dict)
    said: dict[UUID, Logged] = field(default_factory=dict)
    holes: dict[At, list[int]] = field(default_factory=dict)
    until: dict[At, int] = field(default_factory=dict)
    to_hear_again: dict[At, int] = field(default_factory=dict)
    caused_by_records: set[UUID] = field(default_factory=set)

    @property
    def voided(self) -> int:
        return sum(len(numbers) for numbers in self.holes.values())

    def lines(self) -> list[str]:
        """For the person who decides."""
        if not self.highest:
            return ["The log holds nothing that this database has not said: there is nothing to recover."]
        told = [
            f"{topic}/{partition}: said {self.counters.get((topic, partition), 0)}, the log holds {top}"
            + (f", {len(self.holes[topic, partition])} never sent" if self.holes[topic, partition] else "")
            for (topic, partition), top in sorted(self.highest.items())
        ]
        kinds = Counter(
            (one.type.removeprefix(TYPE_PREFIX), one.cause in self.caused_by_records)
            for one in self.said.values()
        )
        again = {True: "made again by hearing again", False: "not caused by a record (HTTP, file or timer)"}
        told += [f"{count} {name}: {again[heard]}" for (name, heard), count in sorted(kinds.items())]
        told += [
            f"{topic}/{partition}: {count} records are heard again"
            for (topic, partition), count in sorted(self.to_hear_again.items())
            if count
        ]
        return told


async def look(service: Service, connection: dict[str, Any], db: asyncpg.Connection) -> Findings:
    """Compare counters and log, and find which of the records still to be heard caused what was said."""
    found = Findings(await counters(db))
    async with log_reader(connection) as reader:
        await _read_said(service, reader, found)
        if found.said:
            await _read_causes(service, reader, db, found)
    return found


async def _read_said(service: Service, reader: LogReader, found: Findings) -> None:
    partitions = await reader.partitions(service.topics.speaks(), {topic for topic, _ in found.counters})
    bounds = await reader.bounds(partitions)
    stretches = {
        at: (max(start, min(end, found.counters.get(at, 0) - _DISPLACED_MAX)), end)
        for at, (start, end) in bounds.items()
    }
    seen: dict[At, dict[int, Logged]] = {at: {} for at in bounds}
    recalled = {one.type_name() for one in service.recalls}
    async for record in reader.read(stretches):
        one = _logged(record, recalled)
        at = (record.topic, record.partition)
        if one is None or one.sequence <= found.counters.get(at, 0):
            continue
        if seen[at].setdefault(one.sequence, one).id != one.id:
            raise CannotRecover(
                f"{at[0]}/{at[1]} holds sequence {one.sequence} under two ids: this database has already spoken since "
                "it was put back. Do not start the service; two engineers must look."
            )
    for at, events in seen.items():
        if not events:
            continue
        top, known = max(events), found.counters.get(at, 0)
        missing = sorted(set(range(known + 1, top)) - set(events))
        if missing and bounds[at][0] > max(0, known - _DISPLACED_MAX):
            raise CannotRecover(
                f"{at[0]}/{at[1]} has expired up to offset {bounds[at][0]}: what was said above {known} cannot be seen "
                "whole. Restore a later backup."
            )
        found.highest[at], found.holes[at] = top, missing
        found.said.update({one.id: one for one in events.values()})


def _logged(record: ConsumerRecord, recalled: set[str]) -> Logged | None:
    arrival = in_sequence(record)
    if arrival.sequence is None or arrival.found is None or arrival.id is None:
        return None
    try:
        cause = arrival.found.get("ce_causationid")
        type_name = (arrival.found.get("ce_type") or b"").decode()
        return Logged(
            UUID(arrival.id.decode()),
            (record.topic, record.partition),
            arrival.sequence,
            record.offset,
            type_name,
            (record.key or b"").decode(),
            None if cause is None else UUID(cause.decode()),
            hash_of_logged(record.value, type_name),
            record.value if type_name in recalled else None,
        )
    except ValueError:
        raise CannotRecover(
            f"{record.topic}/{record.partition} at {record.offset} is not a record of ours. Look at it first."
        ) from None


async def _read_causes(service: Service, reader: LogReader, db: asyncpg.Connection, found: Findings) -> None:
    """The records from the stored positions on: which of them caused what was said, and where the last of them is."""
    causes = {one.cause for one in found.said.values() if one.cause is not None}
    rows = await db.fetch("select topic, partition, next from chassis.positions")
    positions = {(row[0], row[1]): row[2] for row in rows}
    heard = [topic for topic in service.topics.topics if service.name in topic.hears]
    bounds = await reader.bounds(await reader.partitions(heard))
    stretches = {at: (max(start, positions.get(at, 0)), end) for at, (start, end) in bounds.items()}
    found.to_hear_again = {at: max(0, end - start) for at, (start, end) in stretches.items()}
    async for record in reader.read(stretches):
        own = {cause_of(raw_record(record))}
        identity = in_sequence(record).id
        if identity is not None:
            own |= _uuid_in(identity)
        own &= causes
        if own:
            found.caused_by_records |= own
            found.until[record.topic, record.partition] = record.offset + 1


def _uuid_in(identity: bytes) -> set[UUID]:
    try:
        return {UUID(identity.decode())}
    except ValueError:
        return set()
