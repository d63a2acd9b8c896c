"""One thing that arrived, from whichever channel: who sent it, under which id, what its bytes say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from chassis import Signer
from chassis.heard import RawHeaders, RawRecord
from intake.untrusted import HASH_BYTES, Reading, Understood, Unreadable, declared_type, read
from intake.unvalidated import made
from throughline.answers import Coordinates, Receipt
from throughline.flow import INTAKE
from throughline.identifiers import claim_number_for, derived, payee_id_for, request_id_for
from throughline.reasons import Reason
from throughline.requests import CorrectRequest, PaymentRequest, SubmitRequest, WithdrawRequest
from throughline.submissions import Channel

MESSAGE_ID_MAX = 200
_TOPIC_PREFIX = INTAKE.name[:-1]
# Payees come again and again; a request's claim number is asked for twice in a row.
payee_id_of = lru_cache(10_000)(payee_id_for)
claim_number_of = lru_cache(16)(claim_number_for)

_ATTRIBUTES = frozenset({"ce_id", "ce_type", "ce_dataschema", "ce_time"})


@dataclass(slots=True)
class Arrival:
    """``id_key`` names the message among all of its partner's for ever; None where it counts by its number alone."""

    partner: str
    channel: Channel
    reading: Reading
    value: bytes
    id_key: bytes | None
    coordinates: Coordinates | None = None
    receipt: Receipt | None = None
    made_at: datetime | None = None
    recorded_at: datetime | None = None
    request_id: UUID | None = None
    """The request it is about; of an understood message only."""
    signer: Signer | Reason | None = None
    """Of what came on the portal's topic: the person who sent it, or why nobody is believed to have."""

    @property
    def body_hash(self) -> bytes:
        """Of what could be read. Raises ValueError of what could not."""
        if isinstance(self.reading, Unreadable):
            raise ValueError("what cannot be read has no body to compare")
        return self.reading.body_hash

    @property
    def source(self) -> str:
        """Where it stands, as text: coordinates, or receipt and position."""
        if self.coordinates is not None:
            return f"{self.coordinates.topic}/{self.coordinates.partition}/{self.coordinates.offset}"
        assert self.receipt is not None
        return f"{self.receipt.receipt_id}/{self.receipt.position}"

    @property
    def cause(self) -> UUID:
        """What the events of a file or HTTP request name as their cause."""
        return derived("arrival", self.source)


def partner_of(topic: str) -> str:
    """``intake.<partner>``: the topic is the identity, because only that partner may write to it."""
    return topic[len(_TOPIC_PREFIX) :]


def arrival_of(record: RawRecord) -> Arrival:
    """Read a partner's record. Never raises: what is odd in the headers is as if it were not there."""
    said = _attributes(record.headers)
    reading = read(record.value, declared_type(_text(said, "ce_type"), _text(said, "ce_dataschema")))
    partner = partner_of(record.topic)
    return Arrival(
        partner=partner,
        channel="kafka",
        reading=reading,
        value=record.value or b"",
        id_key=_id_key(partner, said.get("ce_id"), reading),
        coordinates=made(Coordinates, topic=record.topic, partition=record.partition, offset=record.offset),
        made_at=_time(said.get("ce_time")),
        recorded_at=datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
        if record.timestamp_type == 1
        else None,
        request_id=request_id_of(partner, reading),
    )


def request_id_of(partner: str, reading: Reading) -> UUID | None:
    if not isinstance(reading, Understood):
        return None
    command = reading.command
    if type(command) is WithdrawRequest:
        return request_id_for(partner, command.payee.kind, command.payee.identifier, command.number)
    assert isinstance(command, SubmitRequest | CorrectRequest)
    return request_id_in(partner, command.request)


def request_id_in(partner: str, request: PaymentRequest) -> UUID:
    return request_id_for(partner, request.payee.kind, request.payee.identifier, request.number)


def key_of(partner: str, kind: str, message_id: bytes) -> bytes:
    """A message id among a partner's, hashed so that ids of any length fill a narrow key."""
    return sha256(b"\x1f".join((partner.encode(), kind.encode(), message_id))).digest()[:HASH_BYTES]


def claim_number_range(claim_number: str) -> tuple[UUID, UUID] | None:
    """The request ids that have this claim number: it is the first 80 bits of the id. None where it is not ours."""
    value = 0
    for char in claim_number[1:].upper():
        digit = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".find(char)
        if digit < 0:
            return None
        value = value * 32 + digit
    if len(claim_number) != 17 or value >= 1 << 80:
        return None
    first = UUID(int=value << 48)
    return (first, UUID(int=first.int | (1 << 48) - 1)) if claim_number_for(first) == claim_number else None


def _id_key(partner: str, message_id: bytes | None, reading: Reading) -> bytes | None:
    if isinstance(reading, Unreadable):
        return None
    if message_id is not None and 0 < len(message_id) <= MESSAGE_ID_MAX:
        return key_of(partner, "id", message_id)
    return key_of(partner, "body", reading.body_hash)


def _attributes(headers: RawHeaders) -> dict[str, bytes]:
    """The first of each attribute; what is repeated or empty does not count again."""
    found: dict[str, bytes] = {}
    for name, value in headers:
        if name in _ATTRIBUTES and value is not None:
            found.setdefault(name, value)
    return found


def _text(said: dict[str, bytes], name: str) -> str | None:
    """A header as text; what is not text names no type that exists."""
    value = said.get(name)
    return None if value is None else value[:MESSAGE_ID_MAX].decode("utf-8", "replace")


def _time(value: bytes | None) -> datetime | None:
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value[:40].decode("ascii"))
    except ValueError:
        return None
    return time if time.tzinfo is not None else None
