"""A record as it arrived, on its way to being decoded: raw bytes first, everything else inside a try."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError

from chassis.heard import Heard, RawRecord
from throughline.envelope import EnvelopeBreach, read_envelope
from throughline.flow import Topic
from throughline.message import REGISTRY, field_problems, version_of
from throughline.reasons import Reason


class ConsumerRecord(Protocol):
    """What aiokafka hands over; nothing in it is trusted."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Any
    timestamp: int
    timestamp_type: int


@dataclass(slots=True)
class Defect:
    """Why a record cannot be applied. ``error`` names a type, never a value."""

    reason: Reason
    field: str | None = None
    error: str | None = None


@dataclass(slots=True)
class Arrival:
    """One record with what is known of it so far. ``message`` is what the handler gets: Heard or RawRecord."""

    record: ConsumerRecord
    sequence: int | None = None
    id: UUID | None = None
    message: Any = None
    defect: Defect | None = None

    @property
    def offset(self) -> int:
        return self.record.offset

    @property
    def key(self) -> bytes | None:
        return self.record.key


class UnknownVersion(Exception):
    """A message of ours in a version that this release does not know: its upgrade is on the way."""

    def __init__(self, type_name: str, version: int | None) -> None:
        super().__init__(f"{type_name} version {version}")
        self.type_name, self.version = type_name, version


def record_hash(record: ConsumerRecord) -> bytes:
    """Tells this record from any other at the same place: a log that was re-created does not match."""
    digest = sha256(f"{record.offset} {record.timestamp} ".encode())
    for part in (record.key, record.value):
        digest.update(b"-" if part is None else len(part).to_bytes(4, "big") + part)
    return digest.digest()


def raw_record(record: ConsumerRecord) -> RawRecord:
    return RawRecord(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
        record.timestamp_type,
    )


def sequence_of(record: ConsumerRecord) -> tuple[int | None, UUID | None]:
    """Sequence and id, as far as they can be read. A record of ours always has both."""
    sequence = identity = None
    try:
        for name, value in record.headers:
            if name == "ce_sequence" and value is not None and value.isdigit() and len(value) <= 18:
                sequence = int(value)
            elif name == "ce_id" and value is not None:
                identity = UUID(value.decode())
    except (ValueError, UnicodeDecodeError):
        return None, None
    return (sequence, identity) if sequence else (None, identity)


def decode(arrival: Arrival, topic: Topic) -> None:
    """Decode a record of ours in place: ``message`` or ``defect`` is set. Raises UnknownVersion.

    Unknown fields pass; a breach of the contract parks. The body is validated from bytes, once.
    """
    record = arrival.record
    try:
        envelope = read_envelope(record.headers)
        model = REGISTRY.get((envelope.message_name, version_of(envelope.dataschema) or 0))
        if model is None:
            raise UnknownVersion(envelope.message_name, version_of(envelope.dataschema))
        if model not in topic.messages:
            arrival.defect = Defect(Reason.WRONG_TOPIC)
            return
        value = record.value
        if not value:
            arrival.defect = Defect(Reason.TOMBSTONE if value is None else Reason.EMPTY)
            return
        message = model.__pydantic_validator__.validate_json(value)
        key = None if record.key is None else record.key.decode()
    except EnvelopeBreach as breach:
        arrival.defect = Defect(Reason.HEADERS, breach.header)
    except ValidationError as error:
        path, kind, _ = field_problems(error)[0]
        reason = Reason.UNDECODABLE if kind == "json_invalid" else Reason.BREACH
        arrival.defect = Defect(reason, path[:200] or None, kind)
    except UnicodeDecodeError:
        arrival.defect = Defect(Reason.ENCODING, "key")
    else:
        arrival.id = envelope.id
        arrival.message = Heard(
            message, envelope, key, record.topic, record.partition, record.offset, record.timestamp
        )
