"""Appends what replicas have kept to the tree, one appender at a time, and writes the root of each step.

Every replica tries. The one row of `tree` decides: who holds its lock reads the edge, appends, and writes edge, root
and leaf numbers in the same transaction, so the tree cannot fork whoever appends. The epoch names the appender: it
rises when another replica takes over, stands on each root, and fences one that was away and believes it still leads.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from audit.merkle import RightEdge, StoredHash, split_hashes

LEASE_SECONDS = 5
"""How long an appender that has gone silent is waited for."""
BATCHES_PER_STEP = 200


class Fenced(Exception):
    """Another replica appended in between; this step is rolled back."""


@dataclass(frozen=True, slots=True)
class Step:
    """One append: how many leaves were added and the tree that came of it. `None` as root where nothing waited."""

    leaves: int
    size: int
    root: bytes | None


async def append_waiting(
    db: asyncpg.Connection, owner: str, batches_max: int = BATCHES_PER_STEP
) -> Step | None:
    """Append what waits, oldest first, in one transaction. None where another replica is the appender."""
    async with db.transaction():
        tree = await db.fetchrow(
            """
            select size, edge, epoch, owner = $1 as is_mine,
                   seen_at < clock_timestamp() - make_interval(secs => $2) as is_silent
            from tree for update skip locked
            """,
            owner,
            float(LEASE_SECONDS),
        )
        if tree is None or not (tree["is_mine"] or tree["is_silent"]):
            return None
        epoch = tree["epoch"] if tree["is_mine"] else tree["epoch"] + 1
        edge = RightEdge.from_bytes(tree["size"], tree["edge"])
        completed, step = await _append(db, edge, batches_max)
        await _write(db, tree["size"], tree["epoch"], owner, epoch, edge, completed, step)
        return step


async def _append(db: asyncpg.Connection, edge: RightEdge, batches_max: int) -> tuple[list[StoredHash], Step]:
    waiting = await db.fetch(
        "select id, length, leaf_hashes from batches where first_leaf is null order by id limit $1",
        batches_max,
    )
    before = edge.size
    completed: list[StoredHash] = []
    first_leaves = []
    for batch in waiting:
        first_leaves.append(edge.size)
        hashes = split_hashes(batch["leaf_hashes"])
        if len(hashes) != batch["length"]:
            raise ValueError(
                f"batch {batch['id']} has {len(hashes)} leaf hashes for {batch['length']} records"
            )
        completed += edge.extend(hashes)
    if waiting:
        await db.execute(
            """
            update batches set first_leaf = placed.first_leaf
            from unnest($1::bigint[], $2::bigint[]) as placed (id, first_leaf)
            where batches.id = placed.id
            """,
            [batch["id"] for batch in waiting],
            first_leaves,
        )
    return completed, Step(edge.size - before, edge.size, edge.root() if waiting else None)


async def _write(
    db: asyncpg.Connection,
    old_size: int,
    old_epoch: int,
    owner: str,
    epoch: int,
    edge: RightEdge,
    completed: list[StoredHash],
    step: Step,
) -> None:
    if completed:
        await db.execute(
            """
            insert into subtrees (level, position, hash)
            select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
            """,
            [each.subtree.level for each in completed],
            [each.subtree.position for each in completed],
            [each.hash for each in completed],
        )
    if step.root is not None:
        await db.execute(
            "insert into roots (size, root, epoch) values ($1, $2, $3)", step.size, step.root, epoch
        )
    updated = await db.execute(
        """
        update tree set size = $1, edge = $2, epoch = $3, owner = $4, seen_at = clock_timestamp()
        where size = $5 and epoch = $6
        """,
        edge.size,
        edge.to_bytes(),
        epoch,
        owner,
        old_size,
        old_epoch,
    )
    if updated != "UPDATE 1":
        raise Fenced(f"the tree is no longer at {old_size} leaves of epoch {old_epoch}")


async def seconds_unsealed(db: asyncpg.Connection) -> float:
    """For how long the oldest batch has waited for its place in the tree; 0 where none waits."""
    seconds: float = await db.fetchval(
        """
        select coalesce(extract(epoch from clock_timestamp() - min(heard_at)), 0)::float8
        from batches where first_leaf is null
        """
    )
    return seconds
