"""The revision of reference data: what stands is numbered, so that requests can be pinned to it."""

from __future__ import annotations

import asyncpg

_RAISE = """
with raised as (update reference_revision set last = last + 1 returning last)
insert into reference_moments (revision) select last from raised returning revision
"""


async def raise_revision(db: asyncpg.Connection) -> int:
    """The number of what this transaction records. Its row is locked until the end, so revisions are seen in order."""
    revision: int = await db.fetchval(_RAISE)
    return revision
