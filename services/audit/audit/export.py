"""Exports proofs in the form that audit/proof.py checks: a record's leaf and its path to a published root."""

from __future__ import annotations

import base64
from typing import Any

import asyncpg

from audit.leaves import KeptRecord
from audit.merkle import consistency_spans, cover, inclusion_spans
from audit.packs import record_at
from audit.proof import FORMAT
from audit.repository import TreeHead, batch_of, head_of_size, latest_head, span_root


class NotInTree(Exception):
    """The record is unknown, or not yet in a tree of that size; the text says which."""


async def inclusion_proof(
    db: asyncpg.Connection,
    topic: str,
    partition: int,
    offset: int,
    *,
    size: int | None = None,
    with_value: bool = False,
) -> dict[str, Any]:
    """The proof of one record against the root of `size` leaves, or the newest. Raises NotInTree.

    Without the value it carries the value's salted hash and the salt: whoever has the bytes can show that they are
    the ones, and nobody learns them from the proof.
    """
    batch = await batch_of(db, topic, partition, offset)
    if batch is None:
        raise NotInTree("no such record was heard")
    head = await (latest_head(db) if size is None else head_of_size(db, size))
    if head is None:
        raise NotInTree("no root was written at that size" if size is not None else "no root was written yet")
    position = offset - batch.first_offset
    if batch.first_leaf is None or batch.first_leaf + position >= head.size:
        raise NotInTree(f"the record is not yet in the tree of {head.size} leaves")
    index = batch.first_leaf + position
    return {
        "format": FORMAT,
        "tree": _tree(head),
        "leaf_index": index,
        "record": _record(record_at(batch.records, position), with_value),
        "path": [(await span_root(db, cover(span))).hex() for span in inclusion_spans(index, head.size)],
    }


async def consistency_proof(db: asyncpg.Connection, first: int, second: int) -> dict[str, Any]:
    """The proof that the tree of `second` leaves begins with that of `first`. Raises NotInTree for unknown sizes."""
    older, newer = await head_of_size(db, first), await head_of_size(db, second)
    if older is None or newer is None or first > second:
        raise NotInTree("no root was written at one of these sizes")
    path = [(await span_root(db, cover(span))).hex() for span in consistency_spans(first, second)]
    return {"first": _tree(older), "second": _tree(newer), "path": path}


def _tree(head: TreeHead) -> dict[str, Any]:
    return {"size": head.size, "root": head.root.hex(), "written_at": head.written_at.isoformat()}


def _record(record: KeptRecord, with_value: bool) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "topic_id": record.topic_id.hex(),
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "timestamp_type": record.timestamp_type,
        "key": _base64(record.key),
        "headers": [[name, _base64(content)] for name, content in record.headers],
        "value_commitment": record.commitment.hex() if record.commitment is not None else None,
        "salt": record.salt.hex() if record.salt is not None else None,
        "value": _base64(record.value) if with_value else None,
    }


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode("ascii")
