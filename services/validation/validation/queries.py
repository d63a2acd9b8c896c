"""What the HTTP API reads. Nothing here locks or changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from validation.handling import handling_from_json
from validation.history import findings_from_json

Position = tuple[datetime, UUID]
START: Position = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))

_WAITING = """
select request_id, version, state, latest_event as answers, reason, payer, charge_cents, paid_cents as proposed_cents,
       decided_at, handling
from versions
where state in ('review', 'exception') and ($1::text is null or payer = $1) and ($2::text is null or state = $2)
  and (decided_at, request_id) > ($3, $4)
order by decided_at, request_id limit $5
"""
_DECIDED = """
select version, state, reason, latest_event, decision_id, charge_cents, paid_cents, rule_set, findings, received_on,
       decided_at
from versions where request_id = $1 order by version
"""
_RECEIVED = """
select distinct request_id from versions
where received_on between $1 and $2 and ($3::uuid is null or request_id > $3) order by request_id limit $4
"""


async def received_requests(
    db: asyncpg.Connection, first: date, last: date, after: UUID | None, limit: int
) -> list[UUID]:
    """Requests with a version received on these days, in order of id."""
    rows = await db.fetch(_RECEIVED, first, last, after, limit)
    return [UUID(int=row["request_id"].int) for row in rows]


async def waiting_reviews(
    db: asyncpg.Connection, payer: str | None, state: str | None, after: Position, limit: int
) -> list[dict[str, Any]]:
    rows = [dict(row) for row in await db.fetch(_WAITING, payer, state, *after, limit)]
    for row in rows:
        row["needs_second_approver"] = handling_from_json(row.pop("handling")).first_approver is not None
    return rows


async def decided_versions(db: asyncpg.Connection, request_id: UUID) -> list[dict[str, Any]]:
    rows = [dict(row) for row in await db.fetch(_DECIDED, request_id)]
    for row in rows:
        row["findings"] = findings_from_json(row["findings"])
        row["rule_set"] = None if row["rule_set"] is None else row["rule_set"].hex()
    return rows


def position_after(row: Mapping[str, Any]) -> str:
    return f"{row['decided_at'].isoformat()}~{row['request_id']}"


def position_of(text: str | None) -> Position:
    """Raises ValueError where the text is not a position."""
    if text is None:
        return START
    at, _, request_id = text.partition("~")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None or not 1 < moment.year < 9999:  # at the ends UTC has no such date
        raise ValueError("a position has a time zone")
    return moment, UUID(request_id)
