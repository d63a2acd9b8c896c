"""A batch that was released, or kept waiting, until its date could not be kept leaves with a new one: its bytes are
dated anew, stored and told of, and only then may they leave."""

from __future__ import annotations

import hashlib
from datetime import date
from uuid import UUID

import asyncpg

from chassis import Context
from payout.calendar import BANK_ZONE, begin_of, late_date
from payout.each_bank import of_bank
from payout.nacha.redate import redate
from throughline.payments import BatchRedated


async def redate_files(context: Context) -> None:
    """Replicas share the work; each batch is one transaction, and one that cannot be dated delays no other."""
    for row in await context.pool.fetch(
        "select batch_id, bank from batches where state = 'released' order by coalesce(released_at, closed_at)"
    ):
        with of_bank(context, row["bank"], "date anew", batch_id=row["batch_id"]):
            await _redate(context, row["batch_id"])


async def _redate(context: Context, batch_id: UUID) -> None:
    async with context.transaction() as tx:
        row = await tx.db.fetchrow(
            """
            select effective_date, file_bytes, file_sha256 from batches where batch_id = $1 and state = 'released'
            for update skip locked
            """,
            batch_id,
        )
        if row is None:
            return
        effective = row["effective_date"]
        if hashlib.sha256(row["file_bytes"]).hexdigest() != row["file_sha256"]:
            context.alarms.raise_("stored_file_changed", batch_id=batch_id)
            return
        context.alarms.clear("stored_file_changed", batch_id=batch_id)
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


async def date_anew(context: Context) -> None:
    """A file that waited until its date could not be kept (the broker, the bank's directory, we ourselves were away)
    goes back to be dated anew, as one that was released late. Not one that was on its way before: the bank may have it,
    and knows it again by its bytes."""
    now = context.clock.now()
    effective = late_date(now)
    await context.pool.execute(
        """
        update batches set state = 'released', effective_date = $1, dated_until = $2
        where state = 'built' and intended_at is null
            and (dated_until <= $3 or dated_until is null and file_date < $4)
        """,
        effective,
        begin_of(effective),
        now,
        now.astimezone(BANK_ZONE).date(),
    )


async def set_dates(db: asyncpg.Connection, batch_id: UUID, effective: date) -> None:
    """The effective date of everything in a batch's file."""
    await db.execute("update payments set effective_date = $2 where batch_id = $1", batch_id, effective)
    await db.execute("update reversals set effective_date = $2 where batch_id = $1", batch_id, effective)
