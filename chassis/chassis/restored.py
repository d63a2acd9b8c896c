"""Was the database put back to an earlier point, or did the log lose records? Compared at start and on takeover.

The counter of each partition spoken is compared with the highest sequence in the log. Log above counter: the database
is older than what it has said; the service holds and pages. Log below counter with an empty outbox: the log lost
records; it pages. The log is read before the counter for the first, after it for the second, so that a replica that
speaks meanwhile raises no false alarm.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any

import asyncpg

from chassis.alarms import Alarms
from chassis.arrival import in_sequence
from chassis.log_reading import At, LogReader, log_reader
from chassis.outbox import Outbox
from chassis.topics import TopicMap

logger = logging.getLogger("chassis.restored")

# The last record may be a late copy of an early one: look at several batches from the end.
TAIL_RECORDS = 2_000
_FRESH_S = 10.0


class SpeakerCheck:
    """Asked by every partition before it is taken over; compares at most every ten seconds."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        outbox: Outbox,
        alarms: Alarms,
        connection: dict[str, Any],
        topics: TopicMap,
    ) -> None:
        self._pool = pool
        self._outbox = outbox
        self._alarms = alarms
        self._connection = connection
        self._topics = topics
        self._checked_at: float | None = None
        self._lock = asyncio.Lock()

    async def passed(self) -> None:
        """Raises NotSpeaking while the log is ahead of the database."""
        async with self._lock:
            if self._checked_at is None or time.monotonic() - self._checked_at > _FRESH_S:
                await self._compare()
                self._checked_at = time.monotonic()
        self._outbox.must_be_speaking()

    async def _compare(self) -> None:
        before = await counters(self._pool)
        empty = await self._pool.fetchval("select not exists (select from chassis.outbox)")
        async with log_reader(self._connection) as reader:
            # A database put back far enough has no counter at all: every partition of every topic spoken is looked at.
            partitions = await reader.partitions(self._topics.speaks(), {topic for topic, _ in before})
            highest = await highest_sequences(reader, partitions)
        after = await counters(self._pool)
        ahead = {at: top for at, top in highest.items() if top > after.get(at, 0)}
        for topic, partition in ahead:
            self._alarms.raise_("database_restored", topic=topic, partition=partition)
        if ahead:
            self._outbox.held_because = "the log holds more than the database remembers having said"
        elif self._outbox.held_because is not None:
            self._outbox.held_because = None
            self._alarms.clear("database_restored")
        for at, last in before.items():
            if empty and at in highest and highest[at] < last:
                self._alarms.raise_("log_lost_records", topic=at[0], partition=at[1])


async def counters(db: asyncpg.Connection | asyncpg.Pool) -> dict[At, int]:
    """The last sequence given in each partition spoken."""
    rows = await db.fetch("select topic, partition, last from chassis.counters")
    return {(row[0], row[1]): row[2] for row in rows}


async def highest_sequences(
    reader: LogReader, partitions: Iterable[At], records: int = TAIL_RECORDS
) -> dict[At, int]:
    """The highest sequence among the last records of each partition; 0 where the log was never written.

    A log emptied by retention tells nothing and is left out.
    """
    bounds = await reader.bounds(partitions)
    highest = {at: 0 for at, (start, end) in bounds.items() if end == 0 or start < end}
    tails = {at: (max(start, end - records), end) for at, (start, end) in bounds.items()}
    async for record in reader.read(tails):
        at = (record.topic, record.partition)
        highest[at] = max(highest[at], in_sequence(record).sequence or 0)
    return highest
