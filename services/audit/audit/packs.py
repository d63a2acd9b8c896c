"""How the records behind leaves are kept: neighbouring records of one partition, packed together.

A record is kept as u32 length, head (audit/leaves.py), then 0x00 (null), or 0x01, salt, u32 length, value, or 0x02,
SHA-256(salt || value), where the value was erased. A pack is a format byte and the zstd of its records.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import cramjam

from audit.leaves import (
    ERASED,
    KEPT,
    NULL,
    SALT_BYTES,
    U32,
    CorruptBytes,
    HeardRecord,
    KeptBytes,
    KeptRecord,
    commit_to,
    decode,
    encode_head,
)
from audit.merkle import HASH_BYTES

PACK_ZSTD = b"\x01"
"""The first byte of a pack says how the rest is written: zstd over the kept records, one after the other."""
_ZSTD_LEVEL = 1


class Pack(NamedTuple):
    """Neighbouring records of one partition: their kept bytes, packed, and their leaf hashes in order."""

    length: int
    records: bytes
    leaf_hashes: bytes


def pack_records(records: Sequence[HeardRecord], topic_id: bytes = b"") -> Pack:
    """Give each record its salt, hash its leaf and pack them all. One loop: every record passes here."""
    sha256, packU32 = hashlib.sha256, U32.pack
    salts = os.urandom(SALT_BYTES * len(records))
    kept: list[bytes] = []
    hashes: list[bytes] = []
    for at, record in enumerate(records):
        head, value = encode_head(record, topic_id), record.value
        if value is None:
            kept += (packU32(len(head)), head, b"\x00")
            leaf = head + b"\x00"
        else:
            salt = salts[at * SALT_BYTES : (at + 1) * SALT_BYTES]
            kept += (packU32(len(head)), head, b"\x01", salt, packU32(len(value)), value)
            leaf = head + b"\x01" + sha256(salt + value).digest()
        hashes.append(sha256(b"\x00" + leaf).digest())
    return Pack(len(records), _compress(b"".join(kept)), b"".join(hashes))


def _compress(kept: bytes) -> bytes:
    return PACK_ZSTD + bytes(cramjam.zstd.compress(kept, level=_ZSTD_LEVEL))


def _decompress(packed: bytes) -> bytes:
    if packed[:1] != PACK_ZSTD:
        raise CorruptBytes("unknown pack format")
    try:
        return bytes(cramjam.zstd.decompress(packed[1:]))
    except cramjam.DecompressionError:
        raise CorruptBytes("the pack cannot be decompressed") from None


def unpack(packed: bytes) -> Iterator[KeptBytes]:
    """The kept records of a pack in order. Raises CorruptBytes where the bytes do not add up."""
    data = _decompress(packed)
    at, end = 0, len(data)
    try:
        while at < end:
            (size,) = U32.unpack_from(data, at)
            at += 4
            head, at = data[at : at + size], at + size
            state, at = data[at], at + 1
            if state == KEPT:
                salt, at = data[at : at + SALT_BYTES], at + SALT_BYTES
                (size,) = U32.unpack_from(data, at)
                at += 4
                value, at = data[at : at + size], at + size
                yield KeptBytes(head, salt, value, commit_to(salt, value))
            elif state == ERASED:
                commitment, at = data[at : at + HASH_BYTES], at + HASH_BYTES
                yield KeptBytes(head, None, None, commitment)
            elif state == NULL:
                yield KeptBytes(head, None, None, None)
            else:
                raise CorruptBytes("unknown state of a value")
    except (struct.error, IndexError):
        raise CorruptBytes("the pack ends inside a record") from None
    if at != end:
        raise CorruptBytes("the pack ends inside a record")


def records_at(packed: bytes, indices: Collection[int]) -> dict[int, KeptRecord]:
    """The records of a pack that stand at these indices (from 0), by index."""
    wanted, last = frozenset(indices), max(indices, default=-1)
    found = {
        at: decode(kept) for at, kept in zip(range(last + 1), unpack(packed), strict=False) if at in wanted
    }
    if len(found) != len(wanted):
        raise CorruptBytes(f"the pack has no record {last}")
    return found


def record_at(packed: bytes, index: int) -> KeptRecord:
    """The record `index` (from 0) of a pack."""
    return records_at(packed, [index])[index]


def erase_at(packed: bytes, index: int) -> bytes:
    """The pack without the value and the salt of record `index`; every leaf stays as it was."""
    kept = list(unpack(packed))
    kept[index] = kept[index]._replace(salt=None, value=None)
    return _compress(b"".join(each.to_bytes() for each in kept))
