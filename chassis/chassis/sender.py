"""Sends committed packs to Kafka: acknowledged by all replicas, in whole batches, one lane per target partition.

A lane that the broker refuses or that has no leader waits alone; the others go on. After any failure the producer is
replaced (a refused record leaves an idempotent aiokafka producer dead for that partition), and what was not
acknowledged is sent again: receivers skip what they have.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from chassis import metrics
from chassis.alarms import Alarms
from chassis.pack import WireRecord

logger = logging.getLogger("chassis.sender")

REFUSALS = (
    CorruptRecordException,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)
BATCH_BYTES = 900_000
_ANSWER_TIMEOUT_S = 60.0
_DELAY_MAX_S = 10.0
# A broker that has just started does not know its topics yet (seen after each of its deaths): that is not worth a page.
_ABSENT_OFTEN = 4


@dataclass(slots=True)
class Outgoing:
    """A committed pack on its way; ``left`` records are not yet acknowledged."""

    name: str
    records: Sequence[WireRecord]
    size: int
    left: int = 0


@dataclass(slots=True)
class _Lane:
    topic: str
    partition: int
    queue: deque[tuple[Outgoing, WireRecord]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    one_by_one: bool = False
    failures: int = 0
    absences: int = 0
    """How often in a row the broker did not know the topic."""


MakeProducer = Callable[[], AIOKafkaProducer]


def producer_maker(connection: dict[str, Any], client_id: str) -> MakeProducer:
    """The only producer settings money travels by."""

    def make() -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **connection,
            client_id=client_id,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=15_000,
        )

    return make


class Sender:
    """Owns the producer. ``submit`` never blocks; ``acknowledged`` collects names of packs to be deleted."""

    def __init__(self, make_producer: MakeProducer, alarms: Alarms) -> None:
        self._make = make_producer
        self._alarms = alarms
        self._producer: AIOKafkaProducer | None = None
        self._rebuilding = asyncio.Lock()
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._room = asyncio.Event()
        self._room.set()
        self._retired: set[asyncio.Task[None]] = set()
        self.pending_bytes = 0
        self.pending_bytes_max = 64_000_000
        self.held: set[str] = set()
        self.acknowledged: list[str] = []

    async def start(self) -> None:
        self._producer = await self._started()

    async def stop(self, timeout_s: float) -> None:
        """Send what is in hand, as far as the time allows; the rest stays in the table."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None and not lane.task.done()]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
        for task in tasks:
            task.cancel()
        if self._producer is not None:
            await _stop_quietly(self._producer)

    async def room(self) -> None:
        """Wait until the unsent bytes are below the bound."""
        await self._room.wait()

    def submit(self, packs: Sequence[Outgoing]) -> None:
        """Take committed packs. Nothing may be submitted before its commit."""
        for pack in packs:
            if pack.name in self.held:
                continue
            self.held.add(pack.name)
            pack.left = len(pack.records)
            self._count(pack.size)
            if not pack.records:
                self._done(pack)
            for record in pack.records:
                at = (record.topic, record.partition)
                lane = self._lanes.get(at)
                if lane is None:
                    lane = self._lanes[at] = _Lane(*at)
                lane.queue.append((pack, record))
        for lane in self._lanes.values():
            if lane.queue and (lane.task is None or lane.task.done()):
                lane.task = asyncio.create_task(self._run(lane), name=f"send {lane.topic}/{lane.partition}")

    def released(self, names: Sequence[str]) -> None:
        """The packs were deleted; their names may be forgotten."""
        self.held.difference_update(names)

    async def _run(self, lane: _Lane) -> None:
        while lane.queue:
            taken: list[tuple[Outgoing, WireRecord]] = []
            producer = self._producer
            try:
                if producer is None:
                    raise KafkaError("no producer")
                await self._send(producer, lane, taken)
            except (KafkaError, OSError, TimeoutError, AssertionError) as error:
                lane.queue.extendleft(reversed(taken))
                await self._after_failure(lane, producer, error)
            else:
                self._after_success(lane, taken)

    async def _send(
        self, producer: AIOKafkaProducer, lane: _Lane, taken: list[tuple[Outgoing, WireRecord]]
    ) -> None:
        batch = producer.create_batch()
        while lane.queue:
            record = lane.queue[0][1]
            if (
                batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
                is None
            ):
                break
            taken.append(lane.queue.popleft())
            if lane.one_by_one:
                break
        answer = await producer.send_batch(batch, lane.topic, partition=lane.partition)
        await asyncio.wait_for(answer, _ANSWER_TIMEOUT_S)

    def _after_success(self, lane: _Lane, taken: list[tuple[Outgoing, WireRecord]]) -> None:
        if lane.failures:
            self._alarms.clear("refused_by_broker", topic=lane.topic, partition=lane.partition)
        lane.failures, lane.absences, lane.one_by_one = 0, 0, False
        metrics.SAID.labels(topic=lane.topic).inc(len(taken))
        for pack, _ in taken:
            pack.left -= 1
            if pack.left == 0:
                self._done(pack)

    async def _after_failure(self, lane: _Lane, producer: AIOKafkaProducer | None, error: Exception) -> None:
        lane.failures += 1
        refused, absent = isinstance(error, REFUSALS), isinstance(error, UnknownTopicOrPartitionError)
        logger.warning("sending to %s/%s failed: %s", lane.topic, lane.partition, type(error).__name__)
        lane.absences = lane.absences + 1 if absent else 0
        if lane.absences >= _ABSENT_OFTEN or (refused and lane.one_by_one):
            self._alarms.raise_("refused_by_broker", topic=lane.topic, partition=lane.partition)
        lane.one_by_one = lane.one_by_one or refused
        if not absent:  # a topic that is not there harms no other lane
            await self._replace(producer)
        await asyncio.sleep(min(_DELAY_MAX_S, 0.05 * 2 ** min(lane.failures, 8)))

    async def _replace(self, failed: AIOKafkaProducer | None) -> None:
        """A new producer, unless another lane has already replaced the failed one."""
        async with self._rebuilding:
            if self._producer is not failed:
                return
            if failed is not None:
                retired = asyncio.create_task(_stop_quietly(failed))
                self._retired.add(retired)
                retired.add_done_callback(self._retired.discard)
            self._producer = None
            metrics.PRODUCER_REBUILT.inc()
            try:
                self._producer = await self._started()
            except (KafkaError, OSError) as error:
                logger.warning("no producer: %s", type(error).__name__)

    async def _started(self) -> AIOKafkaProducer:
        producer = self._make()
        try:
            await producer.start()
        except BaseException:
            await _stop_quietly(producer)
            raise
        return producer

    def _done(self, pack: Outgoing) -> None:
        self.acknowledged.append(pack.name)
        self._count(-pack.size)

    def _count(self, size: int) -> None:
        self.pending_bytes += size
        metrics.OUTBOX_PENDING.set(self.pending_bytes)
        if self.pending_bytes > self.pending_bytes_max:
            self._room.clear()
        else:
            self._room.set()


async def _stop_quietly(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), 10.0)
    except (KafkaError, OSError, TimeoutError) as error:
        logger.info("a producer did not stop cleanly: %s", type(error).__name__)
