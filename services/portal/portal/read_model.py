"""The read model: what the portal's pages show, written from every topic of the map."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from chassis import Context, RawRecord, hear_raw
from portal.tenancy import WRITER, enter
from throughline.flow import topics_heard_by

EVERY_TOPIC = "|".join(topic.pattern for topic in topics_heard_by("portal"))


class ReadModel:
    """One slice of records, written for pages to read."""

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[RawRecord], context: Context) -> ReadModel:
        await enter(db, WRITER)
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        return None


HEARS = (hear_raw(pattern=EVERY_TOPIC, work=ReadModel),)
