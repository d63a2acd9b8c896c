"""Reads every topic from its beginning and remembers what was said: what the demo knows of events."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaRecord
from confluent_kafka.admin import AdminClient, OffsetSpec
from pydantic import ValidationError

from throughline.envelope import Envelope, EnvelopeBreach, read_envelope
from throughline.flow import INTAKE, TOPICS, topic_named
from throughline.message import Message

BROKER_PATIENCE_S = 30.0
OURS = re.compile("|".join(topic.pattern for topic in TOPICS))


@dataclass(frozen=True, slots=True)
class Record:
    """One record. ``message`` is None where it is a partner's, or could not be read."""

    topic: str
    partition: int
    offset: int
    key: str
    at: datetime
    envelope: Envelope | None
    message: Message | None

    @property
    def id(self) -> UUID | None:
        return self.envelope.id if self.envelope else None


class Witness:
    """A consumer on a thread of its own, without a group: it moves nobody's positions."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "witness",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            }
        )
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._records: list[Record] = []
        self._positions: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._assign_anew = threading.Event()
        self._thread = threading.Thread(target=self._read, name="witness", daemon=True)

    def __enter__(self) -> Self:
        self.look_for_topics()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10)

    def records(self) -> list[Record]:
        """Everything heard so far, in the order in which it was heard."""
        with self._lock:
            return list(self._records)

    def heard(self) -> int:
        with self._lock:
            return len(self._records)

    def is_at_end(self) -> bool:
        """Whether everything that stands in the topics now was heard."""
        return all(self._positions[at] >= end for at, end in self.log_ends().items())

    def log_ends(self) -> dict[tuple[str, int], int]:
        """The end of every partition, by topic and partition, asked of the broker in one request; new topics too.

        Asked again where a partition has no leader yet. Raises KafkaException when the broker stays away.
        """
        deadline = time.monotonic() + BROKER_PATIENCE_S
        while True:
            try:
                self.look_for_topics()
                latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
                asked = self._admin.list_offsets(
                    {TopicPartition(*at): latest for at in dict(self._positions)}
                )
                return {
                    (at.topic, at.partition): future.result(timeout=30).offset for at, future in asked.items()
                }
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def look_for_topics(self) -> None:
        """Topics are made while we look: a partner's may come at any time, and is told a little late."""
        known = self._admin.list_topics(timeout=30).topics
        with self._lock:
            for name, about in known.items():
                if OURS.fullmatch(name):
                    for partition in about.partitions:
                        if (name, partition) not in self._positions:
                            self._positions[name, partition] = 0
                            self._assign_anew.set()

    def _read(self) -> None:
        """The only thread that touches the consumer: it is not made for two."""
        while not self._stop.is_set():
            if self._assign_anew.is_set():
                self._assign_anew.clear()
                with self._lock:
                    places = [TopicPartition(name, part, at) for (name, part), at in self._positions.items()]
                self._consumer.assign(places)
            for raw in self._consumer.consume(num_messages=2_000, timeout=0.1):
                if raw.error() is None:
                    self._take(raw)
        self._consumer.close()

    def _take(self, raw: KafkaRecord) -> None:
        topic, partition, offset = raw.topic(), raw.partition(), raw.offset()
        assert topic is not None and partition is not None and offset is not None
        with self._lock:
            if offset < self._positions[topic, partition]:
                return
        record = _decoded(topic, partition, offset, raw)
        with self._lock:
            self._records.append(record)
            self._positions[topic, partition] = offset + 1


def _decoded(topic: str, partition: int, offset: int, raw: KafkaRecord) -> Record:
    value, key, headers = raw.value(), raw.key(), raw.headers() or []
    at = datetime.fromtimestamp(raw.timestamp()[1] / 1000, UTC)
    envelope, message = None, None
    entry = topic_named(topic)
    if entry is not INTAKE and value is not None:
        try:
            envelope = read_envelope(headers)  # type: ignore[arg-type]
            known = envelope.message_class()
            message = known.model_validate_json(value) if known else None
        except (EnvelopeBreach, ValidationError):
            message = None
    return Record(topic, partition, offset, (key or b"").decode("utf-8", "replace"), at, envelope, message)
