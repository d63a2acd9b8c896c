"""FastStream wires the topics; acknowledgement, order and failure are ours. Records come in raw, in batches.

Everything here that leans on FastStream's or aiokafka's manner is held by a contract test (chassis/tests).
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLScram512

from chassis import metrics
from chassis.context import Context
from chassis.failures import FailureWindow
from chassis.hearing import Hearing
from chassis.partition import PartitionWorker
from chassis.reading import read_apart
from chassis.repairs import repairs_hearing
from chassis.restored import SpeakerCheck
from chassis.settings import ServiceSettings
from chassis.slices import Door
from chassis.topic_ids import read_topics
from chassis.topics import TopicMap
from throughline.flow import REPAIRS

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
        repairs = repairs_hearing(self.service) if hearing.is_raw and tp.topic == REPAIRS.name else None
        return PartitionWorker(self, tp, Door(self.service, hearing, topic, self.context, repairs), window)


def broker_for(settings: ServiceSettings) -> KafkaBroker:
    """FastStream's broker, consumers only: what is said goes by the outbox's own producer."""
    return KafkaBroker(
        settings.bootstrap_servers,
        consumer_only=True,
        allow_auto_create_topics=False,
        metadata_max_age_ms=int(settings.metadata_max_age_s * 1000),
        client_id=settings.instance_id,
        apply_types=False,
        logger=None,
        graceful_timeout=settings.graceful_stop_s,
        security=_security(settings),
    )


def subscribe(
    broker: KafkaBroker, listener: Listener, group: str, topics: Sequence[str], pattern: str | None
) -> None:
    """One batch subscriber with manual acknowledgement and a parser that touches no byte."""
    settings = listener.settings
    subscriber = broker.subscriber(
        *topics,
        pattern=pattern,
        batch=True,
        group_id=group,
        group_instance_id=f"{settings.instance_id}.{group}" if settings.static_membership else None,
        ack_policy=AckPolicy.MANUAL,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
        session_timeout_ms=int(settings.session_timeout_s * 1000),
        heartbeat_interval_ms=int(settings.heartbeat_interval_s * 1000),
        rebalance_timeout_ms=int(settings.session_timeout_s * 1000),
        max_poll_interval_ms=300_000,
        max_partition_fetch_bytes=4_000_000,
        fetch_max_wait_ms=250,
        fetch_min_bytes=settings.fetch_bytes_min,
        batch_timeout_ms=max(1, int(settings.poll_timeout_s * 1000)),
        max_records=settings.fetch_records_max,
        listener=listener,
        parser=_parse,
        decoder=_records,
    )
    subscriber(listener.read)
    listener.subscriber = subscriber
    read_apart(listener, subscriber)
    heard = subscriber.pattern
    if pattern is not None and (heard is None or heard.broker_address != pattern):
        raise ValueError(f"FastStream would change the pattern {pattern}: write it without braces and stars")


async def _parse(records: Sequence[Any]) -> KafkaMessage:
    # FastStream's own parser decodes headers as UTF-8 and loses the whole batch on one that is not.
    return KafkaMessage(body=b"", headers={}, raw_message=tuple(records), consumer=_NO_CONSUMER)


async def _records(message: KafkaMessage) -> Any:
    return message.raw_message


class _NoConsumer:
    """FastStream wants one on each message, to acknowledge with; nothing is acknowledged through it."""

    async def commit(self) -> None:
        raise AssertionError("offsets are committed by the listener only")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        raise AssertionError("only workers seek")


_NO_CONSUMER = _NoConsumer()


def connection_of(settings: ServiceSettings) -> dict[str, Any]:
    """aiokafka's connection arguments."""
    connection: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_username is not None and settings.kafka_password is not None:
        connection["sasl_mechanism"] = "SCRAM-SHA-512"
        connection["sasl_plain_username"] = settings.kafka_username
        connection["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    if settings.kafka_security_protocol.endswith("SSL"):
        import ssl

        connection["ssl_context"] = ssl.create_default_context()
    return connection


def _security(settings: ServiceSettings) -> BaseSecurity | None:
    connection = connection_of(settings)
    context = connection.get("ssl_context")
    if "sasl_mechanism" in connection:
        return SASLScram512(
            username=connection["sasl_plain_username"],
            password=connection["sasl_plain_password"],
            use_ssl=context is not None,
            ssl_context=context,
        )
    return BaseSecurity(ssl_context=context) if context is not None else None


def joined_pattern(patterns: Sequence[str]) -> str:
    """One pattern to subscribe by. FastStream takes braces for path parameters, so a bounded repetition becomes an
    unbounded one; a topic that only the wider pattern matches is never read (on_partitions_assigned).
    """
    joined = patterns[0] if len(patterns) == 1 else "|".join(f"(?:{one})" for one in patterns)
    return re.sub(r"\{\d+,\d+\}", "+", joined)
