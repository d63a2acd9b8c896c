"""Every record that is heard, of every topic: its bytes kept, its leaf hashed, and under which ids it is found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import asyncpg

from audit.packs import pack_records
from audit.repository import store_batch, topic_ids_of
from chassis import Context, RawRecord
from throughline.flow import INTAKE
from throughline.identifiers import derived

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CORRELATION = "ce_correlationid"


class KeepRecords:
    """One slice. Nothing is decided about a record: whatever it holds, it is kept."""

    def __init__(self, records: Sequence[RawRecord], topic_ids: Mapping[str, bytes] | None = None) -> None:
        self._records = records
        self._topic_ids = topic_ids or {}

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[RawRecord], context: Context) -> KeepRecords:
        return cls(heard, await topic_ids_of(db, list({record.topic for record in heard})))

    async def store(self, db: asyncpg.Connection) -> None:
        for run in neighbours(self._records):
            first = run[0]
            terms, positions = mentions(run)
            pack = pack_records(run, self._topic_ids.get(first.topic, b""))
            await store_batch(db, first.topic, first.partition, first.offset, pack, terms, positions)


BATCH_BYTES_MAX = 4_000_000
"""Values in one batch, so that reading one record or verifying a run of batches stays small."""


def neighbours(records: Sequence[RawRecord]) -> Iterator[Sequence[RawRecord]]:
    """Runs of records that follow each other in one partition without a hole, cut where they grow large."""
    start, size = 0, 0
    for at, record in enumerate(records):
        size += len(record.value or b"")
        if at > start and (size > BATCH_BYTES_MAX or not _follows(records[at - 1], record)):
            yield records[start:at]
            start, size = at, len(record.value or b"")
    if records:
        yield records[start:]


def _follows(before: RawRecord, after: RawRecord) -> bool:
    return (
        after.offset == before.offset + 1
        and after.partition == before.partition
        and after.topic == before.topic
    )


def mentions(records: Sequence[RawRecord]) -> tuple[list[str], list[int]]:
    """(terms, positions): the correlation id and, where it is a UUID, the key of each record.

    A partner's own records are found by what answered them: their headers are the partner's word, and a header that
    names somebody else's request must not put a record on that request's timeline.
    """
    terms: list[str] = []
    positions: list[int] = []
    if records and re.fullmatch(INTAKE.pattern, records[0].topic):
        return terms, positions
    for position, record in enumerate(records):
        key = record.key
        correlation = next((value for name, value in record.headers if name == _CORRELATION), None)
        if correlation:
            terms.append(_term(correlation))
            positions.append(position)
        if key is not None and key != correlation and _UUID.fullmatch(key):
            terms.append(key.decode())
            positions.append(position)
    return terms, positions


def _term(correlation: bytes) -> str:
    return correlation.decode() if _UUID.fullmatch(correlation) else str(_derived_term(correlation))


def _derived_term(correlation: bytes) -> UUID:
    return derived("correlation", correlation.decode("utf-8", "backslashreplace"))


def term_of(correlation_id: str) -> UUID:
    """The term under which the records of a correlation id, or of a UUID key, are found."""
    return UUID(_term(correlation_id.encode()))
