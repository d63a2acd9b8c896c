"""The audit log in PostgreSQL. Set-based statements only: nothing here costs a query per record.

Batches are written once and take their place in the tree once; only an erasure touches their bytes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from audit.merkle import HASH_BYTES, STORED_LEVEL_STEP, RightEdge, StoredHash, Subtree, fold, split_hashes
from audit.packs import Pack


@dataclass(frozen=True, slots=True)
class Batch:
    """Neighbouring records of one partition, from `first_offset` on. `first_leaf` None: not in the tree yet."""

    id: int
    topic: str
    partition: int
    first_offset: int
    length: int
    first_leaf: int | None
    leaf_hashes: bytes
    records: bytes


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The tree as it stands: its size in leaves, its root, and when the root was written."""

    size: int
    root: bytes
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is kept: its batch and its position in it, from 0."""

    batch_id: int
    position: int


_BATCH_COLUMNS = "id, topic, partition, first_offset, length, first_leaf, leaf_hashes, records"


async def store_batch(
    db: asyncpg.Connection,
    topic: str,
    partition: int,
    first_offset: int,
    pack: Pack,
    terms: Sequence[str],
    positions: Sequence[int],
) -> None:
    """Keep one batch, and under which terms its records are found (`terms[i]` is of the record `positions[i]`)."""
    await db.execute(
        """
        with kept as (
            insert into batches (topic, partition, first_offset, length, leaf_hashes, records)
            values ($1, $2, $3, $4, $5, $6)
            returning id
        )
        insert into mentions (term, batch_id, position)
        select mention.term, kept.id, mention.position
        from kept, unnest($7::uuid[], $8::integer[]) as mention (term, position)
        """,
        topic,
        partition,
        first_offset,
        pack.length,
        pack.leaf_hashes,
        pack.records,
        terms,
        positions,
    )


async def topic_ids_of(db: asyncpg.Connection, topics: Sequence[str]) -> dict[str, bytes]:
    """The broker's ids of these topics, as the chassis learnt them at assignment; unknown ones are left out."""
    rows = await db.fetch(
        "select topic, topic_id from chassis.positions where topic = any($1::text[]) and topic_id is not null",
        topics,
    )
    return {row["topic"]: row["topic_id"].bytes for row in rows}


async def batch_of(db: asyncpg.Connection, topic: str, partition: int, offset: int) -> Batch | None:
    """The batch that holds a record; None where it was not heard."""
    row = await db.fetchrow(
        f"""
        select {_BATCH_COLUMNS} from batches
        where topic = $1 and partition = $2 and first_offset <= $3
        order by first_offset desc limit 1
        """,
        topic,
        partition,
        offset,
    )
    if row is None or offset >= row["first_offset"] + row["length"]:
        return None
    return Batch(*row)


async def places_of(db: asyncpg.Connection, terms: Sequence[UUID], limit: int) -> list[Place]:
    """Where the records stand that were heard under any of these terms, oldest batch first, `limit` at most."""
    rows = await db.fetch(
        """
        select distinct batch_id, position from mentions where term = any($1::uuid[])
        order by batch_id, position limit $2
        """,
        terms,
        limit,
    )
    return [Place(*row) for row in rows]


async def batches_by_id(db: asyncpg.Connection, ids: Sequence[int]) -> list[Batch]:
    rows = await db.fetch(
        f"select {_BATCH_COLUMNS} from batches where id = any($1::bigint[]) order by id", ids
    )
    return [Batch(*row) for row in rows]


async def batches_from_leaf(
    db: asyncpg.Connection, first_leaf: int, stop_leaf: int, limit: int
) -> list[Batch]:
    """The next batches of the tree in leaf order, beginning with the one at `first_leaf` or after."""
    rows = await db.fetch(
        f"""
        select {_BATCH_COLUMNS} from batches
        where first_leaf >= $1 and first_leaf < $2 order by first_leaf limit $3
        """,
        first_leaf,
        stop_leaf,
        limit,
    )
    return [Batch(*row) for row in rows]


async def latest_head(db: asyncpg.Connection) -> TreeHead | None:
    """The newest root; None while the tree is empty."""
    row = await db.fetchrow("select size, root, written_at from roots order by size desc limit 1")
    return None if row is None else TreeHead(*row)


async def head_of_size(db: asyncpg.Connection, size: int) -> TreeHead | None:
    """The root that was written at exactly this size."""
    row = await db.fetchrow("select size, root, written_at from roots where size = $1", size)
    return None if row is None else TreeHead(*row)


async def heads_after(db: asyncpg.Connection, size: int, stop_size: int, limit: int) -> list[TreeHead]:
    """The roots above `size` and up to `stop_size`, by size."""
    rows = await db.fetch(
        "select size, root, written_at from roots where size > $1 and size <= $2 order by size limit $3",
        size,
        stop_size,
        limit,
    )
    return [TreeHead(*row) for row in rows]


async def stored_subtrees(db: asyncpg.Connection, level: int, start: int, stop: int) -> list[StoredHash]:
    """The stored hashes of one level (a multiple of 8 above 0) from position `start` up to `stop`."""
    rows = await db.fetch(
        "select position, hash from subtrees where level = $1 and position >= $2 and position < $3 order by position",
        level,
        start,
        stop,
    )
    return [StoredHash(Subtree(level, row["position"]), row["hash"]) for row in rows]


async def _stored_hashes(db: asyncpg.Connection, level: int, start: int, stop: int) -> list[bytes]:
    if level:
        return [each.hash for each in await stored_subtrees(db, level, start, stop)]
    rows = await db.fetch(
        """
        select first_leaf, leaf_hashes from batches
        where first_leaf >= (select max(first_leaf) from batches where first_leaf <= $1) and first_leaf < $2
        order by first_leaf
        """,
        start,
        stop,
    )
    if not rows:
        return []
    run = split_hashes(b"".join(row["leaf_hashes"] for row in rows))
    skipped = start - int(rows[0]["first_leaf"])
    return run[skipped : skipped + stop - start]


async def subtree_root(db: asyncpg.Connection, subtree: Subtree) -> bytes:
    """The root of a complete subtree, from the hashes stored at most seven levels below it."""
    stored_level = subtree.level - subtree.level % STORED_LEVEL_STEP
    width = 1 << (subtree.level - stored_level)
    start = subtree.position * width
    hashes = await _stored_hashes(db, stored_level, start, start + width)
    if len(hashes) != width or any(len(each) != HASH_BYTES for each in hashes):
        raise LookupError(f"hashes are missing below {subtree}")
    edge = RightEdge()
    edge.extend(hashes)
    return edge.root()


async def span_root(db: asyncpg.Connection, subtrees: Sequence[Subtree]) -> bytes:
    """The root over neighbouring complete subtrees, largest first."""
    return fold([await subtree_root(db, subtree) for subtree in subtrees])
