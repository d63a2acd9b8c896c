"""Records that could not be applied and still stand aside, as their services said."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from portal.instants import instant_of
from throughline.answers import Coordinates

PAGE = 50

Place = tuple[datetime, str, int, int]
START: Place = (datetime(1, 1, 1, tzinfo=UTC), "", 0, 0)

_STANDING = """
select topic, partition, "offset", service, reason, field, value_bytes, value_sha256, parked_at from parked_records
where became is null and service is not null and ($1::text is null or service = $1)
  and ($2::text is null or reason = $2) and (parked_at, topic, partition, "offset") > ($3, $4, $5, $6)
order by parked_at, topic, partition, "offset" limit $7
"""
_CAUSES = """
select service, reason, count(*) as count, min(parked_at) as oldest from parked_records
where became is null and service is not null group by service, reason order by count(*) desc, service, reason
"""


async def standing(
    db: asyncpg.Connection, service: str | None, reason: str | None, after: Place
) -> list[asyncpg.Record]:
    """The oldest first, one row more than a page."""
    rows: list[asyncpg.Record] = await db.fetch(_STANDING, service, reason, *after, PAGE + 1)
    return rows


async def causes(db: asyncpg.Connection) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await db.fetch(_CAUSES)
    return rows


def place_of(text: str | None) -> Place:
    """Where a list goes on, from an address. Raises ValueError where the text is no place."""
    if not text:
        return START
    at, topic, partition, offset = text.split("~")
    if not (0 <= int(partition) < 2**31 and 0 <= int(offset) < 2**63):
        raise ValueError("a place is within what the log counts to")
    return instant_of(at), topic, int(partition), int(offset)


def place_after(row: asyncpg.Record) -> str:
    return f"{row['parked_at'].isoformat()}~{row['topic']}~{row['partition']}~{row['offset']}"


def coordinates(topic: str, partition: int, offset: int) -> Coordinates:
    return Coordinates(topic=topic, partition=partition, offset=offset)


def key_of(at: Coordinates) -> str:
    """The key of a command about a record: its coordinates."""
    return f"{at.topic}/{at.partition}@{at.offset}"
