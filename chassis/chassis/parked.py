"""Records that cannot be applied, with their bytes. A key with parked records is blocked until they are redriven."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import asyncpg

from chassis import metrics
from chassis.arrival import Arrival, Defect
from chassis.context import Transaction
from chassis.heard import RawRecord
from chassis.pack import pack_headers, unpack_headers
from chassis.say import Say, cause_of
from throughline.answers import Coordinates
from throughline.identifiers import derived
from throughline.parked import RecordDiscarded, RecordParked, RecordRedriven
from throughline.reasons import Reason
from throughline.repairs import DiscardRecord

REASONS: dict[str, Reason] = {str(one): one for one in Reason}

_INSERT = """
insert into chassis.parked (topic, partition, "offset", sequence, key, value, headers, timestamp_ms, timestamp_type,
                            reason, field, error)
select $1, $2, * from unnest($3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bigint[],
                             $9::int[], $10::text[], $11::text[], $12::text[])
on conflict do nothing
returning "offset"
"""
_COUNT = "update chassis.positions set parked = parked + $3 where topic = $1 and partition = $2"
LOCK = "select parked from chassis.positions where topic = $1 and partition = $2 for update"
ROW = 'select * from chassis.parked where topic = $1 and partition = $2 and "offset" = $3'
DELETE = 'delete from chassis.parked where topic = $1 and partition = $2 and "offset" = $3'
COUNT_OFF = "update chassis.positions set parked = parked - 1 where topic = $1 and partition = $2"
RELEASE_BEHIND = """
update chassis.parked set released_at = clock_timestamp(), released_by = $4
where topic = $1 and partition = $2 and key = $3 and sequence is not null and reason = 'behind_parked'
"""
_BLOCKED = """
select distinct key from chassis.parked
where topic = $1 and partition = $2 and key = any($3::bytea[]) and sequence is not null
"""


@dataclass(slots=True)
class ParkedRecord:
    """A row of chassis.parked; stands in for the record it was made from."""

    topic: str
    partition: int
    offset: int
    sequence: int | None
    key: bytes | None
    value: bytes | None
    headers: Any
    timestamp: int
    timestamp_type: int
    reason: str

    @classmethod
    def of(cls, row: asyncpg.Record) -> ParkedRecord:
        return cls(
            row["topic"],
            row["partition"],
            row["offset"],
            row["sequence"],
            row["key"],
            row["value"],
            unpack_headers(row["headers"]),
            row["timestamp_ms"],
            row["timestamp_type"],
            row["reason"],
        )

    def arrival(self) -> Arrival:
        return Arrival(self, self.sequence)


async def blocked_keys(
    db: asyncpg.Connection, topic: str, partition: int, keys: Iterable[bytes | None]
) -> set[bytes]:
    wanted = list({key for key in keys if key is not None})
    return {row[0] for row in await db.fetch(_BLOCKED, topic, partition, wanted)}


async def park(
    db: asyncpg.Connection,
    service: str,
    topic: str,
    partition: int,
    parked: Sequence[tuple[Arrival, Defect]],
    say: Say,
) -> int:
    """Store the bytes, count them on the position row, say RecordParked for each new one. Returns how many are new."""
    if not parked:
        return 0
    records = [arrival.record for arrival, _ in parked]
    rows = await db.fetch(
        _INSERT,
        topic,
        partition,
        [record.offset for record in records],
        [arrival.sequence for arrival, _ in parked],
        [record.key for record in records],
        [record.value for record in records],
        [pack_headers(record.headers) for record in records],
        [record.timestamp for record in records],
        [record.timestamp_type for record in records],
        [str(defect.reason) for _, defect in parked],
        [defect.field for _, defect in parked],
        [defect.error for _, defect in parked],
    )
    new = {row[0] for row in rows}
    await db.execute(_COUNT, topic, partition, len(new))
    for arrival, defect in parked:
        if arrival.offset in new:
            say_parked(service, arrival, defect.reason, defect.field, say)
    return len(new)


def say_parked(service: str, arrival: Arrival, reason: Reason, field: str | None, say: Say) -> None:
    record = arrival.record
    value = record.value or b""
    say.caused_by(_cause(record), None)
    say(
        RecordParked(
            service=service,
            coordinates=Coordinates(topic=record.topic, partition=record.partition, offset=record.offset),
            sequence=arrival.sequence,
            reason=reason,
            field=field,
            value_sha256=sha256(value).hexdigest(),
            value_bytes=len(value),
        ),
        f"{record.topic}/{record.partition}",
        ordinal=record.offset,
    )
    metrics.PARKED.labels(topic=record.topic, reason=str(reason)).inc()


def say_redriven(service: str, row: asyncpg.Record, say: Say) -> None:
    """The row's record was applied after all."""
    say.caused_by(_cause(ParkedRecord.of(row)), None)
    say(
        RecordRedriven(
            service=service,
            coordinates=_coordinates(row),
            sequence=row["sequence"],
            reason=REASONS[row["reason"]],
            actor=row["released_by"],
        ),
        f"{row['topic']}/{row['partition']}",
        ordinal=row["offset"],
    )


def say_discarded(service: str, row: asyncpg.Record, command: DiscardRecord, say: Say) -> None:
    say(
        RecordDiscarded(
            service=service,
            coordinates=_coordinates(row),
            sequence=row["sequence"],
            reason=REASONS[row["reason"]],
            actor=command.actor,
            second_actor=command.second_actor,
        ),
        f"{row['topic']}/{row['partition']}",
        ordinal=row["offset"],
    )


def say_parked_again(service: str, row: asyncpg.Record, defect: Defect, tx: Transaction) -> None:
    """Redriven in vain; each time is an answer of its own."""
    value = row["value"] or b""
    tx.say(
        RecordParked(
            service=service,
            coordinates=_coordinates(row),
            sequence=row["sequence"],
            reason=defect.reason,
            field=defect.field,
            value_sha256=sha256(value).hexdigest(),
            value_bytes=len(value),
        ),
        f"{row['topic']}/{row['partition']}",
        cause=derived("redriven", str(_cause(ParkedRecord.of(row))), row["released_at"].isoformat()),
        ordinal=row["offset"],
    )


def _coordinates(row: asyncpg.Record) -> Coordinates:
    return Coordinates(topic=row["topic"], partition=row["partition"], offset=row["offset"])


def _cause(record: Any) -> Any:
    return cause_of(RawRecord(record.topic, record.partition, record.offset, None, None, (), 0, 0))
