"""What a handler says. Nothing is sent here: it is collected, numbered at the end of the transaction and packed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import event_time
from chassis.heard import Heard, RawRecord
from chassis.topics import TopicMap, partition_for
from throughline.identifiers import derived, event_id_for
from throughline.message import Message
from throughline.parked import RecordParked
from throughline.reasons import Reason

# Room for a record's framing and headers below the topic's limit.
FRAME_BYTES = 2_000


class CannotBeSaid(ValueError):
    """The message cannot go on its topic: too large, no key, or said twice under one id."""


@dataclass(slots=True)
class Said:
    """One message said, complete but for its sequence, which is given last."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    id: UUID
    header_names: tuple[str, ...]
    header_values: list[bytes]
    sequenced: bool
    message: Message
    sequence: int | None = None

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return list(zip(self.header_names, self.header_values, strict=True))


@dataclass(slots=True)
class ToPark:
    record: RawRecord
    reason: Reason
    field: str | None


_NAMES: tuple[str, ...] = (
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_time",
    "ce_subject",
    "ce_dataschema",
    "ce_correlationid",
    "ce_causationid",
)
_NAMES_TRACED = (*_NAMES, "traceparent")


class Say:
    """Call it with an event: ``say(event, key=str(request_id))``. ``say.park`` sets a raw record aside.

    The event's id follows from what was heard, its type, key and ``ordinal``: said again, it is the same event. Two
    events of one type and key in answer to one message need different ordinals.
    """

    def __init__(self, topics: TopicMap, traceparent: str | None = None) -> None:
        self._topics = topics
        self._source = topics.service.encode()
        self._time = event_time().isoformat().encode()
        self._batch_trace = traceparent
        self._cause = UUID(int=0)
        self._correlation: str | None = None
        self._traceparent: str | None = traceparent
        self._ids: set[UUID] = set()
        self.said: list[Said] = []
        self.parked: list[ToPark] = []

    def hearing(self, heard: Heard[Message]) -> None:
        """What is said from now on is caused by this message. Called by the loop, not by handlers."""
        envelope = heard.envelope
        self._cause = envelope.id
        self._correlation = envelope.correlation_id
        self._traceparent = envelope.traceparent or self._batch_trace

    def hearing_record(self, record: RawRecord) -> None:
        """As ``hearing``, for a record whose envelope nobody has vouched for: its coordinates are the cause."""
        self.caused_by(cause_of(record), None)

    def caused_by(self, cause: UUID, correlation_id: str | None) -> None:
        self._cause, self._correlation, self._traceparent = cause, correlation_id, self._batch_trace

    def __call__(
        self,
        event: Message,
        key: str,
        *,
        topic: str | None = None,
        subject: str | None = None,
        ordinal: int = 0,
        correlation_id: str | None = None,
    ) -> UUID:
        """Say it. ``topic`` is needed only for ``answers.<partner>`` and ``CommandRefused``. Returns the event's id.

        Raises LookupError where the map does not let this service say it there, CannotBeSaid where it is too large.
        """
        outlet = self._topics.outlet(type(event), topic)
        if not key:
            raise CannotBeSaid(f"{type(event).__name__} needs a key")
        type_name = event.type_name()
        event_id = event_id_for(self._cause, type_name, key, ordinal)
        if event_id in self._ids:
            raise CannotBeSaid(f"{type(event).__name__} said twice for one cause and key; give an ordinal")
        self._ids.add(event_id)
        value = event.__pydantic_serializer__.to_json(event)
        if len(value) + FRAME_BYTES > outlet.bytes_max:
            raise CannotBeSaid(
                f"{type(event).__name__} of {len(value)} bytes is too large for {outlet.topic}"
            )
        key_bytes = key.encode()
        values = [
            b"application/json",
            b"1.0",
            str(event_id).encode(),
            type_name.encode(),
            self._source,
            self._time,
            key_bytes if subject is None else subject.encode(),
            event.dataschema().encode(),
            (correlation_id or self._correlation or key).encode(),
            str(self._cause).encode(),
        ]
        names = _NAMES
        if self._traceparent is not None:
            names = _NAMES_TRACED
            values.append(self._traceparent.encode())
        self.said.append(
            Said(
                outlet.topic,
                partition_for(key_bytes, outlet.partitions),
                key_bytes,
                value,
                event_id,
                names,
                values,
                outlet.sequenced,
                event,
            )
        )
        return event_id

    def park(self, record: RawRecord, reason: Reason, field: str | None = None) -> None:
        """Set the record aside with its bytes; ``RecordParked`` is said for it."""
        self.parked.append(ToPark(record, reason, field))


def cause_of(record: RawRecord) -> UUID:
    return derived("record", record.topic, str(record.partition), str(record.offset))


def parked_events(said: Sequence[Said]) -> list[RecordParked]:
    """The RecordParked among what was said; for tests."""
    return [one.message for one in said if isinstance(one.message, RecordParked)]
