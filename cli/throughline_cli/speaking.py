"""Says messages on topics, with their envelope, and gives back where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stack.people import KeyFile
from throughline.commanding import MAY_GIVE
from throughline.envelope import Envelope
from throughline.message import Message as Spoken
from throughline_cli.errors import Problem
from throughline_cli.signing import Signers, named, signatures

SPEAKER = "cli"
Delivered = Callable[[int, int], None]
"""Hears the partition and offset of a record."""


@dataclass
class Speaker:
    """A producer that waits for every record. Raises Problem where the broker refuses one or cannot be reached."""

    bootstrap: str
    signers: Signers | None = None
    """Who signs commands; without them nothing that a person must sign can be said."""
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

    def say(
        self,
        topic: str,
        message: Spoken,
        key: str,
        *,
        subject: str = "",
        source: str = SPEAKER,
        by: KeyFile | None = None,
        second: KeyFile | None = None,
    ) -> UUID:
        """One message of ours under a new id. A person's command names and is signed by them, and by ``second`` too.

        Without ``by`` the first of the signers who may give it does, and another of them beside where two sign.
        """
        is_signed = type(message) in MAY_GIVE
        if is_signed and by is None:
            by = self._signers().who_may(type(message))
            second = second or self._signers().beside(by, type(message))
        if is_signed and by is not None:
            message = named(message, by, second)
        envelope = Envelope.of(
            message, id=uuid4(), source=source, key=key, time=datetime.now(UTC), subject=subject
        )
        value = message.model_dump_json(exclude_none=True).encode()
        headers = envelope.headers()
        if is_signed and by is not None:
            headers += signatures(envelope, topic, value, message, by, second)
        self.send(topic, value, key.encode(), headers)
        return envelope.id

    def _signers(self) -> Signers:
        if self.signers is None:
            raise Problem("A command needs the key of the person who gives it.", "Give a key file with --as.")
        return self.signers

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
