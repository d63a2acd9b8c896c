"""Says messages on topics, with their envelope, and gives back where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from throughline.envelope import Envelope
from throughline.message import Message as Spoken
from throughline_cli.errors import Problem

SPEAKER = "cli"
Delivered = Callable[[int, int], None]
"""Hears the partition and offset of a record."""


@dataclass
class Speaker:
    """A producer that waits for every record. Raises Problem where the broker refuses one or cannot be reached."""

    bootstrap: str
    _refused: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "enable.idempotence": True,
                "linger.ms": 5,
                "log_level": 0,
                "compression.type": "zstd",
                "delivery.timeout.ms": 120_000,
                "queue.buffering.max.messages": 200_000,
            }
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()

    def say(self, topic: str, message: Spoken, key: str, *, subject: str = "", source: str = SPEAKER) -> UUID:
        """One message of ours under a new id."""
        envelope = Envelope(
            id=uuid4(),
            type=message.type_name(),
            source=source,
            time=datetime.now(UTC),
            subject=subject or key,
            dataschema=message.dataschema(),
            correlation_id=key,
        )
        value = message.model_dump_json(exclude_none=True).encode()
        self.send(topic, value, key.encode(), envelope.headers())
        return envelope.id

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        delivered: Delivered | None = None,
    ) -> None:
        """Bytes as they are."""

        def reported(error: KafkaError | None, record: Message) -> None:
            if error is not None:
                self._refused.append(f"{topic}: {error.str()}")
            elif delivered is not None:
                partition, offset = record.partition(), record.offset()
                assert partition is not None and offset is not None
                delivered(partition, offset)

        while True:
            try:
                self._producer.produce(
                    topic, value=value, key=key, headers=list(headers), on_delivery=reported
                )
                break
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise Problem(f"Kafka refused a record for {topic}: {error}.") from None
        self._producer.poll(0)

    def flush(self) -> None:
        waiting = self._producer.flush(120)
        if waiting:
            raise Problem(
                f"Kafka at {self.bootstrap} did not take {waiting} records.", "Look at the broker's log."
            )
        if self._refused:
            raise Problem(f"Kafka refused {len(self._refused)} records, first: {self._refused[0]}.")
