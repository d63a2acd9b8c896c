"""Reading a stretch of the log by hand: for checks and for the way back of a restored database, never for work."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.arrival import ConsumerRecord
from chassis.topic_ids import read_topics
from throughline.flow import Topic

At = tuple[str, int]
"""Topic and partition."""

_SILENCE_MAX_S = 60.0


class LogReader:
    """A consumer without a group. Made by ``log_reader``."""

    def __init__(self, consumer: AIOKafkaConsumer, connection: dict[str, Any]) -> None:
        self._consumer = consumer
        self._connection = connection

    async def bounds(self, partitions: Iterable[At]) -> dict[At, tuple[int, int]]:
        """First offset and the one after the last, of each."""
        tps = [TopicPartition(*at) for at in partitions]
        if not tps:
            return {}
        starts, ends = await self._consumer.beginning_offsets(tps), await self._consumer.end_offsets(tps)
        return {(tp.topic, tp.partition): (starts[tp], ends[tp]) for tp in tps}

    async def partitions(self, topics: Iterable[Topic], names: Iterable[str] = ()) -> set[At]:
        """Every partition on the broker of these topics, families by their pattern, and of the named ones."""
        patterns = [re.compile(topic.pattern) for topic in topics]
        wanted = set(names)
        names = sorted(
            name
            for name in await self._consumer.topics()
            if name in wanted or any(pattern.fullmatch(name) for pattern in patterns)
        )
        found = await read_topics(self._connection, names) if names else {}
        return {(name, partition) for name, (_, count) in found.items() for partition in range(count)}

    async def read(self, stretches: Mapping[At, tuple[int, int]]) -> AsyncIterator[ConsumerRecord]:
        """Records of each stretch [from, to), in the order of each partition. Raises TimeoutError where none come."""
        ends = {TopicPartition(*at): end for at, (start, end) in stretches.items() if start < end}
        if not ends:
            return
        self._consumer.assign(sorted(ends))
        for tp in ends:
            self._consumer.seek(tp, stretches[tp.topic, tp.partition][0])
        unread = set(ends)
        while unread:
            async with asyncio.timeout(_SILENCE_MAX_S):
                found: dict[Any, list[Any]] = {}
                while not found and unread:
                    found = await self._consumer.getmany(*unread, timeout_ms=200)
                    if not found:
                        await self._drop_finished(unread, ends)
            for tp, records in found.items():
                for record in records:
                    if record.offset < ends[tp]:
                        yield record
            await self._drop_finished(unread, ends)

    async def _drop_finished(self, unread: set[TopicPartition], ends: dict[TopicPartition, int]) -> None:
        for tp in list(unread):
            if await self._consumer.position(tp) >= ends[tp]:
                unread.discard(tp)
                self._consumer.pause(tp)


@asynccontextmanager
async def log_reader(connection: dict[str, Any]) -> AsyncIterator[LogReader]:
    consumer = AIOKafkaConsumer(
        **connection, enable_auto_commit=False, auto_offset_reset="earliest", client_id="chassis-check"
    )
    await consumer.start()
    try:
        yield LogReader(consumer, connection)
    finally:
        await consumer.stop()
