"""Disputes that wait: for a person of the staff, or for the provider's next version; of one's own payees, or all."""

from __future__ import annotations

import asyncpg

COUNTED_MAX = 100

# By the index of what is disputed, which holds no more than waits.
_WAITING = """
select r.request_id, r.number, v.disputed_at from versions v join requests r using (request_id, version)
where v.dispute_id is not null and v.dispute_outcome is null order by v.disputed_at, v.request_id limit $1
"""
# What was sent since is a later version, and needs nobody.
_CHANGED = """
select r.request_id, r.number, v.disputed_at from versions v join requests r using (request_id, version)
where v.dispute_outcome = 'changed' order by v.disputed_at, v.request_id limit $1
"""


async def disputes_waiting(db: asyncpg.Connection) -> list[asyncpg.Record]:
    """The oldest first; no more than ``COUNTED_MAX``."""
    rows: list[asyncpg.Record] = await db.fetch(_WAITING, COUNTED_MAX)
    return rows


async def disputes_changed(db: asyncpg.Connection) -> list[asyncpg.Record]:
    """Those that changed the decision and whose next version was not sent yet, the oldest first; no more than
    ``COUNTED_MAX``."""
    rows: list[asyncpg.Record] = await db.fetch(_CHANGED, COUNTED_MAX)
    return rows
