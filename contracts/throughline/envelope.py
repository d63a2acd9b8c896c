"""The envelope: who says what, about what, because of what. CloudEvents attributes in the headers of a Kafka record."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from throughline.message import REGISTRY, TYPE_PREFIX, Message, version_of

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every record of ours says about itself.

    ``sequence`` is dense per topic and partition and given at the speaker's commit; commands and reference data have
    none. ``correlation_id`` is the request id (or the payment's, where a message is about a payment), so that one
    search shows a whole life; ``causation_id`` is the message that caused this one.
    """

    id: UUID
    type: str
    source: str
    time: datetime
    subject: str
    dataschema: str
    correlation_id: str | None = None
    causation_id: UUID | None = None
    sequence: int | None = None
    traceparent: str | None = None

    @classmethod
    def of(
        cls,
        message: Message,
        *,
        id: UUID,
        source: str,
        key: str,
        time: datetime,
        subject: str = "",
        causation_id: UUID | None = None,
        sequence: int | None = None,
    ) -> Envelope:
        """A message's, correlated by its record's key; about it too, where no ``subject`` is given."""
        return cls(
            id=id,
            type=message.type_name(),
            source=source,
            time=time,
            subject=subject or key,
            dataschema=message.dataschema(),
            correlation_id=key,
            causation_id=causation_id,
            sequence=sequence,
        )

    @property
    def message_name(self) -> str:
        return self.type.removeprefix(TYPE_PREFIX)

    def message_class(self) -> builtins.type[Message] | None:
        """The class for this type and version; None where this release does not know it."""
        version = version_of(self.dataschema)
        return None if version is None else REGISTRY.get((self.message_name, version))

    def headers(self) -> Headers:
        """As Kafka headers, without the absent ones."""
        pairs: Headers = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_id", str(self.id).encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_time", self.time.isoformat().encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_dataschema", self.dataschema.encode()),
        ]
        if self.correlation_id is not None:
            pairs.append(("ce_correlationid", self.correlation_id.encode()))
        if self.causation_id is not None:
            pairs.append(("ce_causationid", str(self.causation_id).encode()))
        if self.sequence is not None:
            pairs.append(("ce_sequence", str(self.sequence).encode()))
        if self.traceparent is not None:
            pairs.append(("traceparent", self.traceparent.encode()))
        return pairs


class EnvelopeBreach(ValueError):
    """The headers do not make an envelope. ``header`` names the one at fault; the text never repeats its value."""

    def __init__(self, header: str, why: str) -> None:
        super().__init__(f"header {header} {why}")
        self.header = header


def read_envelope(headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """The envelope of a record of our own services. Raises EnvelopeBreach; unknown headers pass."""
    found = {name: value for name, value in headers if value is not None}
    return Envelope(
        id=_uuid(found, "ce_id"),
        type=_text(found, "ce_type"),
        source=_text(found, "ce_source"),
        time=_time(found),
        subject=_text(found, "ce_subject"),
        dataschema=_text(found, "ce_dataschema"),
        correlation_id=_text(found, "ce_correlationid") if "ce_correlationid" in found else None,
        causation_id=_uuid(found, "ce_causationid") if "ce_causationid" in found else None,
        sequence=_sequence(found),
        traceparent=found["traceparent"].decode("ascii", "replace") if "traceparent" in found else None,
    )


def _text(found: Mapping[str, bytes], name: str) -> str:
    try:
        return found[name].decode("utf-8")
    except KeyError:
        raise EnvelopeBreach(name, "is missing") from None
    except UnicodeDecodeError:
        raise EnvelopeBreach(name, "is not UTF-8") from None


def _uuid(found: Mapping[str, bytes], name: str) -> UUID:
    try:
        return UUID(_text(found, name))
    except EnvelopeBreach:
        raise
    except ValueError:
        raise EnvelopeBreach(name, "is not a UUID") from None


def _time(found: Mapping[str, bytes]) -> datetime:
    try:
        time = datetime.fromisoformat(_text(found, "ce_time"))
    except EnvelopeBreach:
        raise
    except ValueError:
        raise EnvelopeBreach("ce_time", "is not an RFC 3339 time") from None
    if time.tzinfo is None:
        raise EnvelopeBreach("ce_time", "has no time zone")
    return time


def _sequence(found: Mapping[str, bytes]) -> int | None:
    raw = found.get("ce_sequence")
    if raw is None:
        return None
    if not raw.isdigit() or len(raw) > 18:
        raise EnvelopeBreach("ce_sequence", "is not a whole number")
    return int(raw)
