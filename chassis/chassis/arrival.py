"""A record as it arrived, on its way to being decoded: raw bytes first, everything else inside a try."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from pydantic import ValidationError

from chassis.fast_ids import envelope_of
from chassis.heard import Heard, RawRecord
from chassis.signer import Proof
from throughline.envelope import Envelope, EnvelopeBreach
from throughline.flow import Kind, Topic
from throughline.message import Message, field_problems, version_of
from throughline.reasons import Reason
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, STEP_UP

APPENDED = 1
"""The timestamp type of a record whose time the broker gave (``message.timestamp.type=LogAppendTime``)."""


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
    id: bytes | None = None
    found: dict[str, bytes | None] | None = None
    """The headers by name, once they were looked at."""
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


def in_sequence(record: ConsumerRecord) -> Arrival:
    """The record with its sequence and id, as far as they can be read. A record of ours always has both."""
    found: dict[str, bytes | None] = dict(record.headers)
    raw = found.get("ce_sequence")
    # Longer than any sequence: not ours. Zero is none: sequences begin at 1.
    sequence = int(raw) if raw is not None and raw.isdigit() and len(raw) <= 18 else 0
    return Arrival(record, sequence or None, found.get("ce_id"), found)


def model_of(envelope: Envelope) -> type[Message]:
    """The class of a message's type and version. Raises UnknownVersion where this release does not have it."""
    at = (envelope.type, envelope.dataschema)
    model = _models.get(at)
    if model is None:
        model = envelope.message_class()
        if model is None:
            raise UnknownVersion(envelope.message_name, version_of(envelope.dataschema))
        _models[at] = model
    return model


_models: dict[tuple[str, str], type[Message]] = {}


def decode(arrival: Arrival, topic: Topic) -> None:
    """Decode a record of ours in place: ``message`` or ``defect`` is set. Raises UnknownVersion.

    Unknown fields pass; a breach of the contract parks. The body is validated from bytes, once.
    """
    record = arrival.record
    try:
        found = arrival.found if arrival.found is not None else dict(record.headers)
        envelope = envelope_of(found, record.headers)
        try:
            model = model_of(envelope)
        except UnknownVersion:
            if topic.kind is not Kind.COMMANDS:
                raise
            arrival.defect = Defect(Reason.UNKNOWN_SCHEMA)  # no order waits for it
            return
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
        arrival.message = Heard(
            message,
            envelope,
            key,
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            body=value,
        )
        if topic.kind is not Kind.EVENTS:
            signatures = (found.get(SIGNATURE), found.get(SECOND_SIGNATURE), found.get(STEP_UP))
            arrival.message.proof = Proof(value, *signatures, is_timed=record.timestamp_type == APPENDED)
