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
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.alarms import Alarms
from chassis.arrival import in_sequence
from chassis.outbox import Outbox

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
        spoken: Iterable[str],
    ) -> None:
        self._pool = pool
        self._outbox = outbox
        self._alarms = alarms
        self._connection = connection
        self._spoken = set(spoken)
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
        before = await self._counters()
        empty = await self._pool.fetchval("select not exists (select from chassis.outbox)")
        partitions = await self._partitions(before)
        highest = await highest_sequences(self._connection, partitions)
        after = await self._counters()
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

    async def _counters(self) -> dict[tuple[str, int], int]:
        rows = await self._pool.fetch("select topic, partition, last from chassis.counters")
        return {(row[0], row[1]): row[2] for row in rows}

    async def _partitions(self, counters: dict[tuple[str, int], int]) -> set[tuple[str, int]]:
        """Every partition of every topic spoken: a database put back far enough has no counter at all."""
        from chassis.topic_ids import read_topics

        topics = sorted(self._spoken | {topic for topic, _ in counters})
        found = await read_topics(self._connection, topics) if topics else {}
        return {(topic, partition) for topic, (_, count) in found.items() for partition in range(count)}


async def highest_sequences(
    connection: dict[str, Any], partitions: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """The highest sequence among the last records of each partition; 0 where the log was never written.

    A log emptied by retention tells nothing and is left out.
    """
    tps = [TopicPartition(topic, partition) for topic, partition in partitions]
    if not tps:
        return {}
    consumer = AIOKafkaConsumer(
        **connection, enable_auto_commit=False, auto_offset_reset="earliest", client_id="chassis-check"
    )
    await consumer.start()
    try:
        starts, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        highest = {(tp.topic, tp.partition): 0 for tp in tps if ends[tp] == 0 or starts[tp] < ends[tp]}
        unread = {tp for tp in tps if starts[tp] < ends[tp]}
        if not unread:
            return highest
        consumer.assign(sorted(unread))
        for tp in unread:
            consumer.seek(tp, max(starts[tp], ends[tp] - TAIL_RECORDS))
        async with asyncio.timeout(60):
            while unread:
                read = await consumer.getmany(*unread, timeout_ms=200)
                for tp, records in read.items():
                    at = (tp.topic, tp.partition)
                    highest[at] = max(
                        [highest[at], *(in_sequence(record).sequence or 0 for record in records)]
                    )
                for tp in list(unread):
                    if await consumer.position(tp) >= ends[tp]:
                        unread.discard(tp)
                        consumer.pause(tp)
        return highest
    finally:
        await consumer.stop()
