"""Build the read model again from the topics: forget every row and read from the beginning of every topic.

Stop the portal before and start it after: one that runs notices only when a partition's next record comes.
"""

from __future__ import annotations

import asyncio

import asyncpg

from chassis import ServiceSettings
from portal.read_model.hears import READ_MODEL, SENT
from portal.read_model.tables import KEYS
from portal.tenancy import WRITER, enter

_FORGET_VERSIONS = "delete from chassis.entity_versions where topic = any($1::text[])"
_FORGET_COMMANDS = "delete from chassis.heard_commands"
_FROM_THE_BEGINNING = """
update chassis.positions set epoch = epoch + 1, next = 0, applied = 0, applied_id = null, last_hash = null
where topic = any($1::text[]) or exists (select from unnest($2::text[]) as family where topic ~ family)
"""


def rebuild(settings: ServiceSettings) -> None:
    """``python -m portal rebuild``, while no portal runs. Pages fill as the next one reads."""
    asyncio.run(_rebuild(settings.database_url.get_secret_value()))


async def _rebuild(database_url: str) -> None:
    db = await asyncpg.connect(database_url)
    try:
        async with db.transaction():
            await forget(db)
    finally:
        await db.close()


async def forget(db: asyncpg.Connection) -> None:
    """Inside a transaction: no row of the read model, and every topic it is written from unread."""
    topics = [topic for hearing in READ_MODEL for topic in hearing.topics]
    families = [hearing.pattern for hearing in (*READ_MODEL, SENT) if hearing.pattern is not None]
    await db.execute(_FROM_THE_BEGINNING, topics, families)
    await enter(db, WRITER)
    await db.execute(f"truncate {', '.join(KEYS)}")
    await db.execute(_FORGET_VERSIONS, topics)
    await db.execute(_FORGET_COMMANDS)
