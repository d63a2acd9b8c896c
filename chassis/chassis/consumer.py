"""FastStream wires the topics; acknowledgement, order and failure are ours. Records come in raw, in batches.

Everything here that leans on FastStream's or aiokafka's manner is held by a contract test (chassis/tests).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from chassis import metrics
from chassis.context import Context
from chassis.failures import FailureWindow
from chassis.hearing import Hearing
from chassis.own_hearings import heard_beside
from chassis.partition import PartitionWorker
from chassis.restored import SpeakerCheck
from chassis.settings import ServiceSettings
from chassis.slices import Door
from chassis.topic_ids import read_topics
from chassis.topics import TopicMap

logger = logging.getLogger("chassis.consumer")

REVOKE_TIMEOUT_S = 5.0
ROOM_WAIT_S = 0.5
_COMMIT_TIMEOUT_S = 5.0


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """One consumer's assignment: a worker for each partition, and the only hand on the consumer."""

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        context: Context,
        topics: TopicMap,
        hearings: Sequence[Hearing],
        speaker: SpeakerCheck,
        connection: dict[str, Any],
    ) -> None:
        self.service = service
        self.settings = settings
        self.context = context
        self.topics = topics
        self.hearings = hearings
        self.speaker = speaker
        self.connection = connection
        self.subscriber: Any = None
        self.workers: dict[TopicPartition, PartitionWorker] = {}
        self.assigned_once = False
        self.reassigning = False
        """Between what the group took away and what it gives: records wait, and no worker counts them."""
        self._windows: dict[TopicPartition, FailureWindow] = {}
        self._ids: dict[str, tuple[float, UUID | None]] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._committing: asyncio.Task[None] | None = None

    @property
    def consumer(self) -> Any:
        return self.subscriber.consumer

    # Called by aiokafka.

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        # Before anything is awaited: a seek after an await comes too late, and records of a wrong place are delivered.
        self.consumer.pause(*assigned)
        for tp in assigned:
            if any(hearing.matches(tp.topic) for hearing in self.hearings) and self.topics.named(tp.topic):
                self.workers[tp] = self._worker(tp)
        self.assigned_once = True
        self.reassigning = False

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.reassigning = True
        await self._let_go([self.workers.pop(tp) for tp in revoked if tp in self.workers])

    async def stop(self) -> None:
        """Finish the transactions in hand, commit the hints."""
        workers = list(self.workers.values())
        await asyncio.gather(*(worker.stop(self.settings.graceful_stop_s) for worker in workers))
        await self.commit_hints()
        if self._committing is not None:
            self._committing.cancel()
        self.workers.clear()

    async def _let_go(self, workers: Sequence[PartitionWorker]) -> None:
        await asyncio.gather(*(worker.stop(REVOKE_TIMEOUT_S) for worker in workers))

    # Called by FastStream.

    async def read(self, records: Sequence[Any]) -> None:
        """Hand each partition its records. Never raises: under manual acknowledgement that would skip the batch."""
        given = []
        for (topic, partition), run in groupby(records, key=lambda record: (record.topic, record.partition)):
            worker = self.workers.get(TopicPartition(topic, partition))
            if worker is not None:
                worker.give(list(run))
                given.append(worker)
        for worker in given:
            await worker.wait_for_room(ROOM_WAIT_S)

    # Called by the workers.

    async def may_speak(self) -> None:
        await self.speaker.passed()

    def pause(self, tp: TopicPartition) -> None:
        with suppress(IllegalStateError):  # no longer assigned
            self.consumer.pause(tp)

    def resume(self, tp: TopicPartition) -> None:
        with suppress(IllegalStateError):
            self.consumer.resume(tp)

    def seek_and_resume(self, tp: TopicPartition, offset: int) -> None:
        with suppress(IllegalStateError):
            self.consumer.seek(tp, offset)
            self.consumer.resume(tp)

    def lag(self, tp: TopicPartition) -> int | None:
        """Records behind the log's end as last heard; None where unknown."""
        try:
            highwater: int | None = self.consumer.highwater(tp)
        except (IllegalStateError, AttributeError, AssertionError):
            return None
        worker = self.workers.get(tp)
        if highwater is None or worker is None or worker.position is None:
            return None
        return max(0, highwater - worker.position.next)

    async def topic_id(self, topic: str) -> UUID | None:
        """Asked anew after a second: many partitions of one topic are taken over at once."""
        known = self._ids.get(topic)
        if known is None or time.monotonic() - known[0] > 1.0:
            found = await read_topics(self.connection, [topic])
            known = self._ids[topic] = (time.monotonic(), found[topic][0] if topic in found else None)
        return known[1]

    async def log_bounds(self, topic: str, partition: int) -> tuple[int, int]:
        tp = TopicPartition(topic, partition)
        starts = await self.consumer.beginning_offsets([tp])
        ends = await self.consumer.end_offsets([tp])
        return starts[tp], ends[tp]

    # Hints.

    async def commit_hints(self) -> None:
        """Kafka's committed offsets serve people and tools; the stored position is the truth. Failure is a warning."""
        hints = {
            tp: OffsetAndMetadata(worker.position.next, "")
            for tp, worker in self.workers.items()
            if worker.position is not None and self._committed.get(tp) != worker.position.next
        }
        if self._committing is None:
            if not hints or self.consumer is None:
                return
            self._committing = asyncio.create_task(self._commit(hints), name="commit hints")
        # Never cancelled while the broker is away: aiokafka would leave a shielded task behind, and its failure.
        await asyncio.wait([self._committing], timeout=_COMMIT_TIMEOUT_S)
        if self._committing.done():
            self._committing = None
        else:
            logger.warning("offsets are not committed yet")

    async def _commit(self, hints: dict[TopicPartition, OffsetAndMetadata]) -> None:
        try:
            await self.consumer.commit(hints)
            self._committed.update({tp: hint.offset for tp, hint in hints.items()})
        except (KafkaError, TimeoutError) as error:
            logger.warning("offsets were not committed: %s", type(error).__name__)

    async def keep(self) -> None:
        """For ever: commit hints, measure lag."""
        while True:
            await asyncio.sleep(1.0)
            await self.commit_hints()
            for tp in list(self.workers):
                lag = self.lag(tp)
                if lag is not None:
                    metrics.LAG.labels(topic=tp.topic, partition=tp.partition).set(lag)

    def _worker(self, tp: TopicPartition) -> PartitionWorker:
        hearing = next(one for one in self.hearings if one.matches(tp.topic))
        topic = self.topics.named(tp.topic)
        assert topic is not None, f"{tp.topic} is not in the map"
        window = self._windows.setdefault(
            tp, FailureWindow(self.settings.failing_share_max, self.settings.failing_keys_max)
        )
        beside = heard_beside(self.service, tp.topic) if hearing.is_raw else None
        return PartitionWorker(self, tp, Door(self.service, hearing, topic, self.context, beside), window)
