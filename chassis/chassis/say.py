"""What a handler says. Nothing is sent here: it is collected, numbered at the end of the transaction and packed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span

from chassis import trace
from chassis.clock import event_time
from chassis.fast_ids import event_id
from chassis.heard import Heard, RawRecord
from chassis.security import SecurityEvent
from chassis.topics import Outlet, TopicMap, partition_for
from throughline.identifiers import derived
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
    headers: list[tuple[str, bytes]]
    header_names: tuple[str, ...]
    sequenced: bool
    message: Message
    sequence: int | None = None

    def give(self, sequence: int) -> None:
        """Its place in the target partition. Called once, at the end of the transaction."""
        self.sequence = sequence
        self.headers.append(("ce_sequence", str(sequence).encode()))
        self.header_names = NAMES_IN_SEQUENCE[self.header_names]


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
NAMES_IN_SEQUENCE = {names: (*names, "ce_sequence") for names in (_NAMES, _NAMES_TRACED)}
_CONTENT_TYPE = ("content-type", b"application/json")
_SPEC_VERSION = ("ce_specversion", b"1.0")


class Say:
    """Call it with an event: ``say(event, key=str(request_id))``. ``say.park`` sets a raw record aside.

    The event's id follows from what was heard, its type, key and ``ordinal``: said again, it is the same event. Two
    events of one type and key in answer to one message need different ordinals.
    """

    def __init__(self, topics: TopicMap, span: Span = INVALID_SPAN) -> None:
        self._topics = topics
        self._span = span
        self._recording = trace.recording()
        self._source = ("ce_source", topics.service.encode())
        self._time = ("ce_time", event_time().isoformat().encode())
        self._batch_trace = trace.write_traceparent(span.get_span_context())
        self._ids: set[UUID] = set()
        self.said: list[Said] = []
        self.parked: list[ToPark] = []
        self.security_events: list[SecurityEvent] = []
        self.caused_by(UUID(int=0), None)

    def hearing(self, heard: Heard[Message]) -> None:
        """What is said from now on is caused by this message. Called by the loop, not by handlers."""
        envelope = heard.envelope
        self.caused_by(envelope.id, envelope.correlation_id)
        if self._recording:
            parent, correlation = envelope.traceparent, envelope.correlation_id
            self._traceparent = trace.message_span(envelope.message_name, parent, self._span, correlation)
        elif envelope.traceparent is not None:
            self._traceparent = envelope.traceparent

    def hearing_record(self, record: RawRecord) -> None:
        """As ``hearing``, for a record whose envelope nobody has vouched for: its coordinates are the cause."""
        self.caused_by(cause_of(record), None)
        if self._recording:
            theirs = next((value for name, value in record.headers if name == "traceparent"), None)
            self._traceparent = trace.record_span(f"record of {record.topic}", theirs, self._span)

    def caused_by(self, cause: UUID, correlation_id: str | None) -> None:
        self._cause = str(cause)
        self._cause_header = ("ce_causationid", self._cause.encode())
        self._correlation = correlation_id
        self._traceparent = self._batch_trace

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
        identity = event_id(self._cause, outlet.type_name, key, ordinal)
        if identity in self._ids:
            raise CannotBeSaid(f"{type(event).__name__} said twice for one cause and key; give an ordinal")
        self._ids.add(identity)
        value = event.__pydantic_serializer__.to_json(event)
        if len(value) + FRAME_BYTES > outlet.bytes_max:
            raise CannotBeSaid(
                f"{type(event).__name__} of {len(value)} bytes is too large for {outlet.topic}"
            )
        self._put(outlet, event, key, identity, value, subject, correlation_id, ())
        return identity

    def exactly(
        self,
        command: Message,
        key: str,
        *,
        id: UUID,
        value: bytes,
        signatures: Sequence[tuple[str, bytes]],
        topic: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Say a command that a person signed: its id and bytes are those that were signed, its proof goes along.

        ``signatures`` are headers of ``throughline.signed``. Raises as ``say`` does.
        """
        outlet = self._topics.outlet(type(command), topic)
        if outlet.sequenced or not key or len(value) + FRAME_BYTES > outlet.bytes_max:
            raise CannotBeSaid(f"{type(command).__name__} cannot be said on {outlet.topic} so")
        self._put(outlet, command, key, id, value, None, correlation_id, signatures)

    def _put(
        self,
        outlet: Outlet,
        event: Message,
        key: str,
        identity: UUID,
        value: bytes,
        subject: str | None,
        correlation_id: str | None,
        signatures: Sequence[tuple[str, bytes]],
    ) -> None:
        key_bytes = key.encode()
        headers = [
            _CONTENT_TYPE,
            _SPEC_VERSION,
            ("ce_id", str(identity).encode()),
            outlet.type_header,
            self._source,
            self._time,
            ("ce_subject", key_bytes if subject is None else subject.encode()),
            outlet.schema_header,
            ("ce_correlationid", (correlation_id or self._correlation or key).encode()),
            self._cause_header,
        ]
        names = _NAMES
        if signatures:
            headers.extend(signatures)
            names = (*_NAMES, *[name for name, _ in signatures])
        if self._traceparent is not None:
            names = (*names, "traceparent") if signatures else _NAMES_TRACED
            headers.append(("traceparent", self._traceparent.encode()))
        partition = partition_for(key_bytes, outlet.partitions)
        self.said.append(
            Said(outlet.topic, partition, key_bytes, value, identity, headers, names, outlet.sequenced, event)
        )

    def park(self, record: RawRecord, reason: Reason, field: str | None = None) -> None:
        """Set the record aside with its bytes; ``RecordParked`` is said for it."""
        self.parked.append(ToPark(record, reason, field))

    def security_event(self, heard: Heard[Message], reason: Reason) -> None:
        """Somebody asked what they may not, or what nobody signed. Counted and logged once this is committed."""
        envelope = heard.envelope
        self.security_events.append(SecurityEvent(reason, heard.topic, envelope.type, envelope.id))


def cause_of(record: RawRecord) -> UUID:
    return derived("record", record.topic, str(record.partition), str(record.offset))


def parked_events(said: Sequence[Said]) -> list[RecordParked]:
    """The RecordParked among what was said; for tests."""
    return [one.message for one in said if isinstance(one.message, RecordParked)]
