"""The stored position of each (topic, partition): the truth about what is applied, and the fence between owners."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from chassis.order import Position

_RAISE_EPOCH = """
insert into chassis.positions as p (topic, partition, epoch, owner) values ($1, $2, 1, $3)
on conflict (topic, partition) do update set epoch = p.epoch + 1, owner = excluded.owner
returning epoch, next, applied, applied_id, last_hash, parked, topic_id
"""
_MOVE = """
update chassis.positions set next = $6, applied = $7, applied_id = $8, last_hash = $9
where topic = $1 and partition = $2 and epoch = $3 and next = $4 and applied = $5
returning parked
"""


class Fenced(Exception):
    """Another process owns the partition now. What this one was doing is rolled back."""


@dataclass(slots=True)
class Ownership:
    """What raising the epoch gave: the fence, and where to go on."""

    topic: str
    partition: int
    epoch: int
    position: Position
    parked: int
    topic_id: UUID | None


async def take_over(db: asyncpg.Connection, topic: str, partition: int, owner: str) -> Ownership:
    """Raise the epoch. Waits for a former owner's open transaction, at most the lock timeout."""
    row = await db.fetchrow(_RAISE_EPOCH, topic, partition, owner)
    position = Position(row["next"], row["applied"], row["applied_id"], row["last_hash"])
    return Ownership(topic, partition, row["epoch"], position, row["parked"], row["topic_id"])


async def move(db: asyncpg.Connection, owned: Ownership, before: Position, after: Position) -> int:
    """First statement of every slice: move the row, or find that it is no longer ours. Returns the parked count."""
    parked: int | None = await db.fetchval(
        _MOVE,
        owned.topic,
        owned.partition,
        owned.epoch,
        before.next,
        before.applied,
        after.next,
        after.applied,
        after.applied_id,
        after.last_hash,
    )
    if parked is None:
        raise Fenced(f"{owned.topic}/{owned.partition} epoch {owned.epoch}")
    return parked


async def remember_topic(db: asyncpg.Connection, topic: str, partition: int, topic_id: UUID) -> None:
    await db.execute(
        "update chassis.positions set topic_id = $3 where topic = $1 and partition = $2 and topic_id is null",
        topic,
        partition,
        topic_id,
    )


async def start_at(db: asyncpg.Connection, owned: Ownership, offset: int) -> Position:
    """A receiver of a topic without sequence whose head has expired begins where the log begins."""
    await db.execute(
        "update chassis.positions set next = $4, last_hash = null where topic = $1 and partition = $2 and epoch = $3",
        owned.topic,
        owned.partition,
        owned.epoch,
        offset,
    )
    return Position(offset, owned.position.applied, owned.position.applied_id)
