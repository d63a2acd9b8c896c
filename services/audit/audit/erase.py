"""Erases one value with its salt. Its leaf, every root and every proof stay as they were; who asked and why is kept."""

from __future__ import annotations

import asyncpg

from audit.packs import erase_at
from audit.repository import batch_of


async def erase_value(
    db: asyncpg.Connection, topic: str, partition: int, offset: int, *, actor: str, note: str
) -> bool:
    """Erase the value of a record. False where it was not heard; erasing twice is erasing once.

    The old bytes leave the table with the next vacuum, and backups by their own age.
    """
    async with db.transaction():
        batch = await batch_of(db, topic, partition, offset)
        if batch is None:
            return False
        # Locked and read again: two erasures in one batch must not undo each other.
        records = await db.fetchval("select records from batches where id = $1 for update", batch.id)
        await db.execute(
            "update batches set records = $2 where id = $1",
            batch.id,
            erase_at(records, offset - batch.first_offset),
        )
        await db.execute(
            """
            insert into erasures (topic, partition, record_offset, actor, note) values ($1, $2, $3, $4, $5)
            on conflict do nothing
            """,
            topic,
            partition,
            offset,
            actor,
            note,
        )
    return True
