"""What a service hears: a decoded message with its envelope, or a record's bytes as they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from chassis.signer import Proof, Signer
from throughline.envelope import Envelope
from throughline.message import Message
from throughline.reasons import Reason

M = TypeVar("M", bound=Message, covariant=True)

RawHeaders = tuple[tuple[str, bytes | None], ...]


@dataclass(slots=True)
class Heard(Generic[M]):
    """One message of ours, decoded. ``recorded_at`` is the broker's time and says nothing about business dates."""

    message: M
    envelope: Envelope
    key: str | None
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    proof: Proof | None = None
    """Of commands and people: the bytes and what speaks for them."""
    signer: Signer | Reason = Reason.UNSIGNED
    """Who commands, or why it must not be carried out: judged before the decision, where ``hear`` says who may."""
    body: bytes | None = None
    """What it was decoded from, for who keeps it as it came; None in tests that put none on a wire."""

    @property
    def id(self) -> object:
        """The message id; what this message causes carries it as causation id."""
        return self.envelope.id

    @property
    def recorded_at(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)


@dataclass(slots=True)
class RawRecord:
    """One record as the broker gave it. Null keys, null values and binary headers are what they are."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders
    timestamp_ms: int
    timestamp_type: int
    """0: the producer's time; 1: the broker's."""

    @property
    def coordinates(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"
