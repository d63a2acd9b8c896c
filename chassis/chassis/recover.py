"""`python -m <service> recover`: the way back of a database that was put back to an earlier point. Dry run by default.

Nothing is read back into the service's own tables. Counters rise to the log's highest sequence; what the log holds
above the old counters is remembered as said (said_before.py); void records fill holes that hearers would wait at for
ever. Then the service is started, hears again from its old positions, and makes the same without saying it twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from chassis.arrival import ConsumerRecord, in_sequence, raw_record
from chassis.clock import event_time
from chassis.log_reading import At, LogReader, log_reader
from chassis.pack import WireRecord, pack
from chassis.restored import counters
from chassis.said_before import hash_of_logged
from chassis.say import cause_of
from chassis.service import Service
from throughline.envelope import Envelope
from throughline.identifiers import derived
from throughline.message import TYPE_PREFIX
from throughline.voids import SequenceVoided

# A sequence may stand before its turn in the log: replicas send side by side.
_DISPLACED_MAX = 10_000
_PACK_RECORDS = 1_000

_SESSIONS = """
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and application_name like $1 || ' %'
"""
_REMEMBER = """
insert into chassis.said_before (id, topic, partition, sequence, "offset", type, key, cause, content_hash, value)
select * from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                     $8::uuid[], $9::bytea[], $10::bytea[])
on conflict do nothing
"""
_RAISE = """
insert into chassis.counters as c (topic, partition, last) select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set last = greatest(c.last, excluded.last)
"""
_BOUND = """
insert into chassis.heard_before as b (topic, partition, until)
select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set until = greatest(b.until, excluded.until)
"""
_STILL_HEARING = """
select exists (select from chassis.heard_before h left join chassis.positions p using (topic, partition)
    where coalesce(p.next, 0) < h.until)
"""
_NOTE = """
insert into chassis.recoveries (what, actor, note, said_before, voided) values ($1, $2, $3, $4, $5)
"""
_STORE = "insert into chassis.outbox (name, body) values ($1, $2)"


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


async def apply(service: Service, db: asyncpg.Connection, found: Findings, actor: str, note: str) -> None:
    """One transaction, all or nothing. Raises CannotRecover where a replica still runs or anything has moved."""
    async with db.transaction():
        await _must_be_alone(service, db)
        await db.execute("lock table chassis.counters in exclusive mode")
        if await counters(db) != found.counters:
            raise CannotRecover("The counters have moved meanwhile. Stop every replica, then begin again.")
        said = list(found.said.values())
        await db.execute(
            _REMEMBER,
            [one.id for one in said],
            [one.at[0] for one in said],
            [one.at[1] for one in said],
            [one.sequence for one in said],
            [one.offset for one in said],
            [one.type for one in said],
            [one.key for one in said],
            [one.cause for one in said],
            [one.content_hash for one in said],
            [one.value for one in said],
        )
        await db.execute(_BOUND, *_columns(found.until))
        await db.execute(_RAISE, *_columns(found.highest))
        voids = [
            _void(at, sequence, actor, note) for at, numbers in found.holes.items() for sequence in numbers
        ]
        for first in range(0, len(voids), _PACK_RECORDS):
            name = f"recovery/{event_time().isoformat()}/{first}"
            await db.execute(_STORE, name, pack(voids[first : first + _PACK_RECORDS]))
        await db.execute(_NOTE, "recover", actor, note, len(said), len(voids))


async def _must_be_alone(service: Service, db: asyncpg.Connection) -> None:
    if await db.fetchval(_SESSIONS, service.name):
        raise CannotRecover(f"A replica of {service.name} is still running. Stop every one of them first.")


def _columns(numbers: dict[At, int]) -> tuple[list[str], list[int], list[int]]:
    return [at[0] for at in numbers], [at[1] for at in numbers], list(numbers.values())


def _void(at: At, sequence: int, actor: str, note: str) -> WireRecord:
    key = f"{at[0]}/{at[1]}"
    event = SequenceVoided(topic=at[0], partition=at[1], sequence=sequence, actor=actor, note=note)
    headers = Envelope(
        id=derived("void", at[0], str(at[1]), str(sequence)),
        type=event.type_name(),
        source="recovery",
        time=event_time(),
        subject=key,
        dataschema=event.dataschema(),
        correlation_id=key,
        sequence=sequence,
    ).headers()
    return WireRecord(
        at[0], at[1], key.encode(), event.model_dump_json().encode(), headers, tuple(n for n, _ in headers)
    )


async def unmade(db: asyncpg.Connection) -> dict[str, int]:
    """What was said, is not made again and not accepted, by message."""
    rows = await db.fetch(
        "select type, count(*) from chassis.said_before where made_at is null and accepted_at is null group by type"
    )
    return {row[0].removeprefix(TYPE_PREFIX): row[1] for row in sorted(rows)}


async def accept(service: Service, db: asyncpg.Connection, messages: list[str], actor: str, note: str) -> int:
    """The log stands for these; the service goes on without having made them again. Returns how many there were."""
    never = {one.__name__ for one in service.never_accepted} & set(messages)
    if never:
        raise CannotRecover(f"{', '.join(sorted(never))} cannot be accepted: money could move twice.")
    async with db.transaction():
        await _must_be_alone(service, db)
        if await db.fetchval(_STILL_HEARING):
            raise CannotRecover(
                "The service has not heard everything again yet. Start it; accept what is left then."
            )
        status = await db.execute(
            "update chassis.said_before set accepted_at = clock_timestamp()"
            " where made_at is null and accepted_at is null and type = any($1::text[])",
            [TYPE_PREFIX + one for one in messages],
        )
        count = int(status.rsplit(" ", 1)[1])
        await db.execute(_NOTE, "accept", actor, note, count, 0)
    return count
