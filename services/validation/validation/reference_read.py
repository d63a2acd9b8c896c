"""What stood of one entity of reference data at a moment, and every version of it that was applied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import asyncpg
from pydantic import BaseModel

_VERSIONS = """
select h.version, m.applied_at, h.body from reference_history h
left join reference_moments m on m.revision = h.revision
where h.kind = $1 and h.id = $2 order by h.revision
"""
_VERSIONS_OF_MEMBER = """
select h.version, m.applied_at, h.body from members h
left join reference_moments m on m.revision = h.revision
where h.member = $1::uuid order by h.revision
"""

SHOWN = ("payer", "provider", "contract", "fee-schedule", "authorisation", "member")
_OF_PERSONS = frozenset(
    {"name", "tin", "address", "contact_name", "contact_phone", "member_id", "printed", "licence_number"}
)
"""Fields that may name a person are not shown."""


class StoodVersion(BaseModel):
    version: int
    applied_at: datetime | None
    """When it was applied here, by the database's clock; None: before moments were kept."""


class Stood(BaseModel):
    """``record`` is what stood at the end of the day asked for, without what may name a person."""

    kind: str
    id: str
    version: int
    applied_at: datetime | None
    record: dict[str, Any]
    versions: list[StoodVersion]
    """All that were applied until now, the oldest first."""


async def read_stood(db: asyncpg.Connection, kind: str, name: str, until: datetime) -> Stood | None:
    """None where nothing of that name stood then. Raises ValueError where a member's key is no UUID."""
    asked = (_VERSIONS_OF_MEMBER, name) if kind == "member" else (_VERSIONS, kind, name)
    try:
        rows: list[Mapping[str, Any]] = await db.fetch(*asked)
    except asyncpg.DataError:
        raise ValueError("a member is asked for by its key, a UUID") from None
    stood = [one for one in rows if one["applied_at"] is None or one["applied_at"] < until]
    if not stood:
        return None
    latest = stood[-1]
    record = {key: value for key, value in json.loads(latest["body"]).items() if key not in _OF_PERSONS}
    return Stood(
        kind=kind,
        id=name,
        version=latest["version"],
        applied_at=latest["applied_at"],
        record=record,
        versions=[StoodVersion(version=one["version"], applied_at=one["applied_at"]) for one in rows],
    )


class ListInForce(BaseModel):
    """An exclusion list by which payees are screened now."""

    list_id: str
    version: int
    dated_on: date
    sha256: str
    entries: int
    shrinks_because: str | None
    """Why it may be far shorter than the one before it, where somebody had to say so."""
