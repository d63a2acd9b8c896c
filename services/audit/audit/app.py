"""Audit: hears every topic of the map as bytes, seals what it hears, and answers who asks. Wiring only."""

from __future__ import annotations

import asyncpg

from audit import feed
from audit.api import router
from audit.checkpoint import Signer
from audit.keep_records import KeepRecords
from audit.sequencer import append_waiting, seconds_unsealed
from audit.settings import Settings
from chassis import Context, Service, every, hear_raw
from throughline.flow import topics_heard_by

EVERY_TOPIC = "|".join(topic.pattern for topic in topics_heard_by("audit"))
"""One pattern: what the map gains tomorrow is heard without a change here, a new partner's topics within seconds."""

UNSEALED_SECONDS_MAX = 60.0


async def seal(context: Context) -> None:
    """Append everything that waits. One replica does; the others are told so by the tree's row."""
    async with context.pool.acquire() as db:
        while True:
            step = await append_waiting(db, context.settings.instance_id)
            if step is None or step.leaves == 0:
                break
        await tell_when_unsealed(db, context)


async def tell_when_unsealed(db: asyncpg.Connection, context: Context) -> None:
    """Page where records have been kept for a minute and are still not in the tree."""
    seconds = await seconds_unsealed(db)
    if seconds > UNSEALED_SECONDS_MAX:
        context.alarms.raise_("audit_unsealed")
    else:
        context.alarms.clear("audit_unsealed")


async def load_signer(settings: Settings, pool: asyncpg.Pool) -> Signer | None:
    """The key that signs checkpoints, if one is set."""
    return None if settings.checkpoint_key_file is None else Signer.from_file(settings.checkpoint_key_file)


service = Service(
    name="audit",
    settings=Settings,
    hears=[hear_raw(pattern=EVERY_TOPIC, work=KeepRecords)],
    timers=[every(0.5, seal)],
    api=[router, feed.router],
    start=load_signer,
)
