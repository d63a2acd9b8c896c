"""What a leaf of the log commits to.

A leaf is the canonical bytes of one Kafka record. Every variable part stands behind its length, so two
different records never make the same leaf; an absent key, header or value (null) differs from an empty one.

    leaf       = head, value part
    head       = 0x01, topic, topic id, u32 partition, u64 offset, i64 timestamp in ms,
                 u8 timestamp type, key, headers
    topic      = u16 length, UTF-8
    topic id   = u8 length (0 or 16), bytes
    timestamp type = 0 created, 1 appended, 255 not known
    key        = optional
    headers    = u32 count, then for each: u32 length, UTF-8 name, optional value
    optional   = 0x00, or 0x01, u32 length, bytes
    value part = 0x00 for a null value, or 0x01, SHA-256(salt || value)

Integers are big-endian. The salt is 16 random bytes of each record, kept beside the value and erased with it:
without it nobody can find the value of a short field by trying.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

SALT_BYTES = 16
LEAF_VERSION = b"\x01"
NULL, KEPT, ERASED = 0, 1, 2
"""States of a value, as the byte that a kept record carries."""
_ABSENT = b"\x00"
_u16 = struct.Struct(">H")
U32 = struct.Struct(">I")
_coordinates = struct.Struct(">IQqB")
_present = struct.Struct(">BI")

Header = tuple[str, bytes | None]


class HeardRecord(Protocol):
    """A Kafka record as it was heard; null key, value and header values are None."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[Header]: ...
    @property
    def timestamp_ms(self) -> int: ...
    @property
    def timestamp_type(self) -> int: ...


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as audit keeps it. `value` is None where null or erased, `commitment` only where null."""

    topic: str
    topic_id: bytes
    partition: int
    offset: int
    timestamp_ms: int
    timestamp_type: int
    key: bytes | None
    headers: tuple[Header, ...]
    value: bytes | None
    salt: bytes | None
    commitment: bytes | None

    @property
    def is_erased(self) -> bool:
        return self.commitment is not None and self.salt is None


class CorruptBytes(Exception):
    """Kept bytes that cannot be read back."""


def commit_to(salt: bytes, value: bytes) -> bytes:
    """What a leaf holds of a value: SHA-256(salt || value)."""
    return hashlib.sha256(salt + value).digest()


def encode_head(record: HeardRecord, topic_id: bytes = b"") -> bytes:
    """All of a leaf but its value part. Every record of every topic passes here: what repeats is encoded once."""
    parts = [
        _topic_part(record.topic, topic_id),
        _coordinates.pack(record.partition, record.offset, record.timestamp_ms, record.timestamp_type),
        _optional(record.key),
        U32.pack(len(record.headers)),
    ]
    for name, content in record.headers:
        if content is None:
            parts += (_header_name(name), _ABSENT)
        else:
            parts += (_header_name(name), _present.pack(1, len(content)), content)
    return b"".join(parts)


@lru_cache(maxsize=256)
def _topic_part(topic: str, topic_id: bytes) -> bytes:
    name = topic.encode()
    return b"".join((LEAF_VERSION, _u16.pack(len(name)), name, bytes((len(topic_id),)), topic_id))


@lru_cache(maxsize=256)
def _header_name(name: str) -> bytes:
    encoded = name.encode()
    return U32.pack(len(encoded)) + encoded


def _optional(content: bytes | None) -> bytes:
    return _ABSENT if content is None else _present.pack(1, len(content)) + content


class KeptBytes(NamedTuple):
    """One kept record, not yet decoded. `salt` and `value` are None where the value is null or erased."""

    head: bytes
    salt: bytes | None
    value: bytes | None
    commitment: bytes | None

    @property
    def leaf(self) -> bytes:
        """The leaf, made again from the bytes that are kept."""
        return self.head + (_ABSENT if self.commitment is None else b"\x01" + self.commitment)

    def to_bytes(self) -> bytes:
        """As it is kept in a pack."""
        start = U32.pack(len(self.head)) + self.head
        if self.commitment is None:
            return start + bytes((NULL,))
        if self.salt is None or self.value is None:
            return start + bytes((ERASED,)) + self.commitment
        return start + bytes((KEPT,)) + self.salt + U32.pack(len(self.value)) + self.value


class Filing:
    """Tells whether a head is of a record of this topic and partition, without decoding it."""

    def __init__(self, topic: str, partition: int) -> None:
        name = topic.encode()
        self._start = LEAF_VERSION + _u16.pack(len(name)) + name
        self._partition = U32.pack(partition)

    def holds(self, head: bytes, offset: int) -> bool:
        """Whether the head names exactly this offset of the partition."""
        at = len(self._start)
        if head[:at] != self._start or len(head) <= at:
            return False
        at += 1 + head[at]
        return head[at : at + 12] == self._partition + offset.to_bytes(8, "big")


def decode(kept: KeptBytes) -> KeptRecord:
    """A kept record as its fields. Raises CorruptBytes where the head does not add up."""
    reader = _Reader(kept.head)
    if reader.take(1) != LEAF_VERSION:
        raise CorruptBytes("unknown version of a leaf")
    topic = reader.take(_u16.unpack(reader.take(2))[0]).decode()
    topic_id = reader.take(reader.take(1)[0])
    partition, offset, timestamp_ms, timestamp_type = _coordinates.unpack(reader.take(_coordinates.size))
    key = reader.optional()
    headers = []
    for _ in range(reader.u32()):
        name = reader.take(reader.u32()).decode()
        headers.append((name, reader.optional()))
    reader.expect_end()
    return KeptRecord(
        topic=topic,
        topic_id=topic_id,
        partition=partition,
        offset=offset,
        timestamp_ms=timestamp_ms,
        timestamp_type=timestamp_type,
        key=key,
        headers=tuple(headers),
        value=kept.value,
        salt=kept.salt,
        commitment=kept.commitment,
    )


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        start, self._at = self._at, self._at + count
        if self._at > len(self._data):
            raise CorruptBytes("a head ends too early")
        return self._data[start : self._at]

    def u32(self) -> int:
        return int(U32.unpack(self.take(4))[0])

    def optional(self) -> bytes | None:
        return self.take(self.u32()) if self.take(1) == b"\x01" else None

    def expect_end(self) -> None:
        if self._at != len(self._data):
            raise CorruptBytes("a head is longer than what it says")
