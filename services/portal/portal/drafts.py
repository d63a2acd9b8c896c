"""Drafts of requests: the form as typed, sealed, seen by the organisation of who writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from portal.claim_form import Fields
from portal.read_model.sealed_content import ContentKey
from throughline.programmes import MEDICAL

_NEW = """
insert into drafts (draft_id, organisation_id, person_id, content, saved_at, corrects, version, kind)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (draft_id) do nothing
"""
_SAVE = "update drafts set content = $2, saved_at = $3 where draft_id = $1 and sent_at is null"
_ONE = "select * from drafts where draft_id = $1"
_OPEN = """
select draft_id, saved_at, corrects, kind from drafts where sent_at is null order by saved_at desc, draft_id limit 50
"""
_SENT = """
update drafts set sent_at = $2, command_id = $3, request_id = $4 where draft_id = $1 and sent_at is null
"""
_ARRIVED = "select exists (select from requests where request_id = $1 and version >= $2)"
_ANSWER = """
select a.outcome, a.problems from drafts d join sent_records s on s.command_id = d.command_id
join answers a on a.topic = s.topic and a.partition = s.partition and a."offset" = s."offset"
where d.draft_id = $1 order by a.answered_at desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """``corrects``: the request that this draft is the next ``version`` of."""

    draft_id: UUID
    organisation_id: UUID
    fields: Fields
    saved_at: datetime
    corrects: UUID | None
    version: int
    request_id: UUID | None
    sent_at: datetime | None
    kind: str = MEDICAL
    """``medical``, or the pack whose form it is."""


async def begin_draft(
    db: asyncpg.Connection,
    key: ContentKey,
    draft_id: UUID,
    *,
    organisation_id: UUID,
    person_id: UUID,
    fields: Fields,
    now: datetime,
    corrects: UUID | None = None,
    version: int = 1,
    kind: str = MEDICAL,
) -> None:
    """However often the button is pressed, one draft."""
    content = _sealed(key, draft_id, fields)
    await db.execute(_NEW, draft_id, organisation_id, person_id, content, now, corrects, version, kind)


async def save_draft(
    db: asyncpg.Connection, key: ContentKey, draft_id: UUID, fields: Fields, now: datetime
) -> None:
    await db.execute(_SAVE, draft_id, _sealed(key, draft_id, fields), now)


async def find_draft(
    db: asyncpg.Connection, key: ContentKey, draft_id: UUID, *, lock: bool = False
) -> Draft | None:
    """None where there is none, or where it is another organisation's."""
    row = await db.fetchrow(_ONE + (" for update" if lock else ""), draft_id)
    if row is None:
        return None
    fields: Fields = json.loads(key.open(row["content"], "drafts", draft_id))
    return Draft(
        draft_id,
        row["organisation_id"],
        fields,
        row["saved_at"],
        row["corrects"],
        row["version"],
        row["request_id"],
        row["sent_at"],
        row["kind"],
    )


async def drafts_of(db: asyncpg.Connection) -> list[dict[str, Any]]:
    """The open drafts of the caller's organisations, the latest first."""
    return [dict(row) for row in await db.fetch(_OPEN)]


async def discard_draft(db: asyncpg.Connection, draft_id: UUID) -> None:
    await db.execute("delete from drafts where draft_id = $1 and sent_at is null", draft_id)


async def mark_sent(
    db: asyncpg.Connection, draft_id: UUID, now: datetime, command_id: UUID, request_id: UUID
) -> None:
    await db.execute(_SENT, draft_id, now, command_id, request_id)


def _sealed(key: ContentKey, draft_id: UUID, fields: Fields) -> bytes:
    return key.seal(json.dumps(fields).encode(), "drafts", draft_id)


async def arrived(db: asyncpg.Connection, draft: Draft) -> bool:
    """Whether the version that the draft became stands among the requests."""
    found: bool = await db.fetchval(_ARRIVED, draft.request_id, draft.version)
    return found


async def answer_to(db: asyncpg.Connection, draft: Draft) -> dict[str, Any] | None:
    """What intake answered; None where it has not yet."""
    row = await db.fetchrow(_ANSWER, draft.draft_id)
    return None if row is None else {"outcome": row["outcome"], "problems": json.loads(row["problems"])}
