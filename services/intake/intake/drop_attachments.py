"""Attachments that no request came to name are dropped some days after they were last sent: a draft was given up, or
sent without them. What any accepted version named is never dropped."""

from __future__ import annotations

from chassis import Context

AT_ONCE = 20
"""In one transaction: their parts may come to hundreds of megabytes."""

# A request that names one while we look holds its row, and keeps it.
_OLD = """
select attachment_id from attachments
where unnamed_since < clock_timestamp() - $1::int * interval '1 day'
order by unnamed_since limit $2 for update skip locked
"""
_PARTS = "delete from attachment_parts where attachment_id = any($1::uuid[])"
_ROWS = "delete from attachments where attachment_id = any($1::uuid[])"


async def drop_attachments(context: Context) -> None:
    while await _drop_some(context) == AT_ONCE:
        pass


async def _drop_some(context: Context) -> int:
    days = context.settings.attachment_unnamed_days
    async with context.pool.acquire() as db, db.transaction():
        old = [row[0] for row in await db.fetch(_OLD, days, AT_ONCE)]
        await db.execute(_PARTS, old)
        await db.execute(_ROWS, old)
    return len(old)
