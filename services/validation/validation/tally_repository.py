"""SQL of tallies: one statement for a whole slice. Their rows are locked after the bill keys, in order of key."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from validation.repository import ClaimedByAnother
from validation.tallies import Tallies, TallyKey

_LOCK = "select key, used from tallies where key = any($1::bytea[]) order by key for update"
_ADD = """
insert into tallies (key, kind, used)
select key, kind, used from unnest($1::bytea[], $2::text[], $3::bigint[]) as new (key, kind, used) order by key
"""
_CHANGE = """
update tallies set used = new.used from unnest($1::bytea[], $2::bigint[]) as new (key, used)
where tallies.key = new.key
"""


async def lock_tallies(db: asyncpg.Connection, keys: Sequence[TallyKey]) -> Tallies:
    """How much of each is used now. Existing rows are locked until the slice is committed."""
    rows = await db.fetch(_LOCK, keys) if keys else []
    return Tallies({row["key"]: row["used"] for row in rows})


async def store_tallies(db: asyncpg.Connection, tallies: Tallies) -> None:
    """Store what was added and given back. Raises ClaimedByAnother where a new tally was begun in the meantime."""
    if new := tallies.new():
        try:
            await db.execute(_ADD, *map(list, zip(*new, strict=True)))
        except asyncpg.UniqueViolationError:
            raise ClaimedByAnother("a tally was begun by another slice at the same moment") from None
    if changed := tallies.changed():
        await db.execute(_CHANGE, *map(list, zip(*changed, strict=True)))
