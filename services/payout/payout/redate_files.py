"""A batch that was released after its date could be kept leaves with a new one: its bytes are dated anew, stored and
told of, and only then may they leave."""

from __future__ import annotations

import hashlib
from datetime import date
from uuid import UUID

import asyncpg

from chassis import Context
from payout.nacha.redate import redate
from throughline.payments import BatchRedated


async def redate_files(context: Context) -> None:
    """Replicas share the work; each batch is one transaction."""
    while await _redate_one(context):
        pass


async def _redate_one(context: Context) -> bool:
    async with context.transaction() as tx:
        row = await tx.db.fetchrow(
            """
            select batch_id, effective_date, file_bytes, file_sha256 from batches where state = 'released'
            order by released_at limit 1 for update skip locked
            """
        )
        if row is None:
            return False
        batch_id, effective = row["batch_id"], row["effective_date"]
        if hashlib.sha256(row["file_bytes"]).hexdigest() != row["file_sha256"]:
            context.alarms.raise_("stored_file_changed", batch_id=batch_id)
            return False
        content = redate(row["file_bytes"], effective)
        sha256 = hashlib.sha256(content).hexdigest()
        await tx.db.execute(
            "update batches set state = 'built', file_bytes = $2, file_sha256 = $3, file_date = $4 where batch_id = $1",
            batch_id,
            content,
            sha256,
            effective,
        )
        await set_dates(tx.db, batch_id, effective)
        tx.say(
            BatchRedated(batch_id=batch_id, effective_date=effective, file_sha256=sha256),
            key=str(batch_id),
            cause=batch_id,
            ordinal=effective.toordinal(),
        )
    return True


async def set_dates(db: asyncpg.Connection, batch_id: UUID, effective: date) -> None:
    """The effective date of everything in a batch's file."""
    await db.execute("update payments set effective_date = $2 where batch_id = $1", batch_id, effective)
    await db.execute("update reversals set effective_date = $2 where batch_id = $1", batch_id, effective)
