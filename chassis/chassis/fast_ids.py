"""Ids and envelopes at the speed of the hot loop. Each function equals its slower twin in the contracts; tests hold it.

asyncpg's UUID is a ``uuid.UUID`` written in C; parsing one costs a tenth.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha1
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUuid

from throughline.envelope import Envelope, read_envelope
from throughline.identifiers import ID_SEPARATOR, NAMESPACE

_EVENT = sha1(NAMESPACE.bytes + f"event{ID_SEPARATOR}".encode(), usedforsecurity=False)


def event_id(cause: str, type_name: str, key: str, ordinal: int) -> UUID:
    """As ``throughline.identifiers.event_id_for``: a version 5 UUID of cause, type, key and ordinal."""
    digest = _EVENT.copy()
    digest.update(f"{cause}{ID_SEPARATOR}{type_name}{ID_SEPARATOR}{key}{ID_SEPARATOR}{ordinal}".encode())
    octets = bytearray(digest.digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x50
    octets[8] = octets[8] & 0x3F | 0x80
    made: UUID = FastUuid(bytes(octets))
    return made


def envelope_of(found: dict[str, bytes | None], headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """As ``throughline.envelope.read_envelope(headers)``, which also says what is wrong where something is.

    ``found`` is ``dict(headers)``.
    """
    if None in found.values():
        return read_envelope(headers)
    present: dict[str, bytes] = found  # type: ignore[assignment]
    try:
        time = datetime.fromisoformat(present["ce_time"].decode())
        sequence = present.get("ce_sequence")
        if time.tzinfo is None or (sequence is not None and not sequence.isdigit()):
            return read_envelope(headers)
        correlation, cause = present.get("ce_correlationid"), present.get("ce_causationid")
        traceparent = present.get("traceparent")
        return Envelope(
            FastUuid(present["ce_id"].decode()),
            present["ce_type"].decode(),
            present["ce_source"].decode(),
            time,
            present["ce_subject"].decode(),
            present["ce_dataschema"].decode(),
            None if correlation is None else correlation.decode(),
            None if cause is None else FastUuid(cause.decode()),
            None if sequence is None else int(sequence),
            None if traceparent is None else traceparent.decode("ascii", "replace"),
        )
    except (KeyError, ValueError):
        return read_envelope(headers)
