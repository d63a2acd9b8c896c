"""Kept records as people may see them: what the envelope says, and the message with every sensitive value masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from audit.leaves import KeptRecord
from audit.packs import record_at, records_at
from audit.repository import Batch, Place, batch_of, batches_by_id, places_of
from throughline.envelope import Envelope, EnvelopeBreach, read_envelope
from throughline.flow import INTAKE
from throughline.message import Message
from throughline.signed import SIGNATURE, SignatureMalformed
from throughline.signed import read as read_signature

_PEOPLES_OWN = INTAKE.of("portal")
RECORDS_MAX = 2_000
"""Records shown at once; one request has a few dozen."""


@dataclass(frozen=True, slots=True)
class Found:
    """A kept record with its leaf (None until it is in the tree) and, where they can be read, envelope and message."""

    record: KeptRecord
    leaf_index: int | None
    envelope: Envelope | None
    message: Message | None

    @property
    def recorded_at(self) -> datetime:
        """The time that Kafka keeps for the record."""
        return datetime.fromtimestamp(self.record.timestamp_ms / 1000, UTC)

    @property
    def at(self) -> datetime:
        """When it was said, or, where it does not say, when it was recorded."""
        return self.envelope.time if self.envelope else self.recorded_at

    def shown(self) -> dict[str, Any]:
        """As JSON for people. What cannot be read is shown by its size alone: it could hold anything."""
        record, envelope = self.record, self.envelope
        return {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "leaf_index": self.leaf_index,
            "recorded_at": self.recorded_at.isoformat(),
            "at": self.at.isoformat(),
            "id": str(envelope.id) if envelope else None,
            "type": envelope.message_name if envelope else None,
            "source": envelope.source if envelope else None,
            "subject": envelope.subject if envelope else None,
            "correlation_id": envelope.correlation_id if envelope else None,
            "causation_id": str(envelope.causation_id) if envelope and envelope.causation_id else None,
            "sequence": envelope.sequence if envelope else None,
            "value_bytes": None if record.value is None else len(record.value),
            "erased": record.is_erased,
            "signed": signer_named(record),
            "message": None if self.message is None else masked(self.message),
        }


def signer_named(record: KeptRecord) -> dict[str, str] | None:
    """Who a command says it is signed by. Whether it was believed, its answer says: what was not is refused there.

    None on a partner's own topic: nobody checks a signature there, so none is repeated.
    """
    found = next((value for name, value in record.headers if name == SIGNATURE), None)
    if found is None or (record.topic != _PEOPLES_OWN and re.fullmatch(INTAKE.pattern, record.topic)):
        return None
    try:
        signature = read_signature(found)
    except SignatureMalformed:
        return None
    return {
        "person_id": str(signature.person_id),
        "organisation_id": str(signature.organisation_id),
        "role": signature.role,
        "method": signature.method,
    }


def masked(message: Message) -> Any:
    """A message as JSON in which every value that names a person or an account is masked."""
    return to_jsonable_python(message.model_dump(mode="python"), fallback=str)


def found(record: KeptRecord, leaf_index: int | None) -> Found:
    """Read what can be read. Records of partners and broken ones are found too."""
    try:
        envelope = read_envelope(record.headers)
    except EnvelopeBreach:
        return Found(record, leaf_index, None, None)
    kind = envelope.message_class()
    if kind is None or record.value is None:
        return Found(record, leaf_index, envelope, None)
    try:
        return Found(record, leaf_index, envelope, kind.model_validate_json(record.value))
    except ValidationError:
        return Found(record, leaf_index, envelope, None)


async def find_record(db: asyncpg.Connection, topic: str, partition: int, offset: int) -> Found | None:
    """The record at these coordinates; None where it was not heard."""
    batch = await batch_of(db, topic, partition, offset)
    if batch is None:
        return None
    position = offset - batch.first_offset
    return found(record_at(batch.records, position), _leaf(batch, position))


async def find_by_terms(
    db: asyncpg.Connection, terms: Sequence[UUID], limit: int = RECORDS_MAX
) -> list[Found]:
    """Every record heard under these terms, in the order in which audit kept them, `limit` at most."""
    return await _read_places(db, await places_of(db, terms, limit))


async def _read_places(db: asyncpg.Connection, places: Iterable[Place]) -> list[Found]:
    by_batch: dict[int, list[int]] = {}
    for place in places:
        by_batch.setdefault(place.batch_id, []).append(place.position)
    results = []
    for batch in await batches_by_id(db, list(by_batch)):
        for position, record in records_at(batch.records, by_batch[batch.id]).items():
            results.append(found(record, _leaf(batch, position)))
    return results


def _leaf(batch: Batch, position: int) -> int | None:
    return None if batch.first_leaf is None else batch.first_leaf + position
