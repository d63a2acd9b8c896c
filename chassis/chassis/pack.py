"""The outbox's packed row: final wire bytes of many records behind a format byte.

Format 1: byte 0x01, then zstd of: count of tables and chunks, the tables (topics, header name lists) as JSON, four
numbers per record, the lengths of all chunks, the chunks. A new format is written one release after its readers.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam

FORMAT = 1
_HEAD = struct.Struct("<III")
_LEVEL = 1


class UnknownPack(ValueError):
    """A pack of a newer release. It stays until a process that can read it sends it."""


@dataclass(slots=True)
class WireRecord:
    """One record as it goes to the broker."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    header_names: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.value) + len(self.key) + 400


def pack(records: Sequence[WireRecord]) -> bytes:
    """Never fails on what the chassis itself made."""
    topics: dict[str, int] = {}
    names: dict[tuple[str, ...], int] = {}
    numbers = array("I")
    chunks: list[bytes] = []
    for record in records:
        numbers.extend(
            (
                topics.setdefault(record.topic, len(topics)),
                record.partition,
                names.setdefault(record.header_names, len(names)),
            )
        )
        chunks += (record.key, record.value, *[value for _, value in record.headers])
    tables = json.dumps([list(topics), [list(one) for one in names]]).encode()
    lengths = array("I", map(len, chunks))
    body = b"".join(
        (
            _HEAD.pack(len(tables), len(records), len(chunks)),
            tables,
            numbers.tobytes(),
            lengths.tobytes(),
            *chunks,
        )
    )
    return bytes((FORMAT,)) + bytes(cramjam.zstd.compress(body, level=_LEVEL))


def unpack(packed: bytes) -> list[WireRecord]:
    """The records of a stored pack. Raises UnknownPack where a newer release wrote it."""
    if not packed or packed[0] != FORMAT:
        raise UnknownPack(f"pack format {packed[0] if packed else None}")
    body = bytes(cramjam.zstd.decompress(packed[1:]))
    tables_size, record_count, chunk_count = _HEAD.unpack_from(body)
    at = _HEAD.size
    topics, listed = json.loads(body[at : at + tables_size])
    names = [tuple(one) for one in listed]
    at += tables_size
    numbers, at = _numbers(body, at, 3 * record_count)
    lengths, at = _numbers(body, at, chunk_count)
    chunks = []
    for length in lengths:
        chunks.append(body[at : at + length])
        at += length
    records, chunk = [], 0
    for index in range(record_count):
        topic, partition, names_at = numbers[3 * index : 3 * index + 3]
        header_names = names[names_at]
        values = chunks[chunk + 2 : chunk + 2 + len(header_names)]
        headers = list(zip(header_names, values, strict=True))
        records.append(
            WireRecord(topics[topic], partition, chunks[chunk], chunks[chunk + 1], headers, header_names)
        )
        chunk += 2 + len(header_names)
    return records


def _numbers(body: bytes, at: int, count: int) -> tuple[array[int], int]:
    numbers = array("I")
    end = at + count * numbers.itemsize
    numbers.frombytes(body[at:end])
    return numbers, end


def pack_headers(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """A parked record's headers, byte for byte: null and binary values and repeated names stay as they are."""
    listed = [(name, None if value is None else value.hex()) for name, value in headers]
    return bytes((FORMAT,)) + json.dumps(listed).encode()


def unpack_headers(packed: bytes) -> tuple[tuple[str, bytes | None], ...]:
    if packed[0] != FORMAT:
        raise UnknownPack(f"headers format {packed[0]}")
    return tuple(
        (name, None if value is None else bytes.fromhex(value)) for name, value in json.loads(packed[1:])
    )
