"""Where the portal's own commands stand on ``intake.portal``: an answer names the place, and so finds who asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

import asyncpg

from chassis import Context, RawRecord
from portal.read_model.writes import Writes
from portal.tenancy import WRITER, enter
from throughline.flow import INTAKE

OWN_TOPIC = INTAKE.of("portal")
_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SentRecords:
    """One slice of a partner's topic. Of other partners nothing is kept: what they sent is theirs."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[RawRecord], context: Context) -> SentRecords:
        writes = Writes()
        for record in heard:
            identity = next((value for name, value in record.headers if name == "ce_id"), None)
            if record.topic == OWN_TOPIC and identity is not None and _UUID.fullmatch(identity):
                at = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                writes.put("sent_records", **at, command_id=identity.decode())
        return cls(writes)

    async def store(self, db: asyncpg.Connection) -> None:
        await enter(db, WRITER)
        await self._writes.flush(db)
