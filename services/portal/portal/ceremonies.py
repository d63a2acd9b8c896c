"""Ceremonies: what the portal asked a browser to prove. Each has a challenge, a short life, and counts once."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg

from chassis import clock

Kind = Literal["sign-in", "add-passkey", "step-up", "invitation", "own-account"]


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What was asked, of whom, and about what."""

    id: UUID
    kind: Kind
    challenge: bytes
    about: dict[str, Any]
    person_id: UUID | None = None
    session_id: UUID | None = None


async def begin(
    db: asyncpg.Connection,
    kind: Kind,
    *,
    seconds: int,
    person_id: UUID | None = None,
    session_id: UUID | None = None,
    challenge: bytes | None = None,
    about: dict[str, Any] | None = None,
) -> Ceremony:
    """A new one, with 256 random bits as its challenge where none is given."""
    ceremony = Ceremony(
        uuid4(), kind, challenge or secrets.token_bytes(32), about or {}, person_id, session_id
    )
    await db.execute(
        """insert into ceremonies (ceremony_id, kind, person_id, session_id, challenge, about, ends_at)
           values ($1, $2, $3, $4, $5, $6::jsonb, $7)""",
        ceremony.id,
        kind,
        person_id,
        session_id,
        ceremony.challenge,
        json.dumps(ceremony.about),
        clock.event_time() + timedelta(seconds=seconds),
    )
    return ceremony


_FIND = """
select challenge, about, person_id, session_id from ceremonies
where ceremony_id = $1 and kind = $2 and ends_at > $3 and session_id is not distinct from $4
"""


async def find(
    db: asyncpg.Connection, identity: UUID, kind: Kind, *, session_id: UUID | None = None, use: bool = False
) -> Ceremony | None:
    """The ceremony of this browser's session, if it is still to be finished. ``use``: it is finished, and gone."""
    now = clock.event_time()
    row = await db.fetchrow(_FIND + (" for update" if use else ""), identity, kind, now, session_id)
    if row is None:
        return None
    if use:
        await db.execute("delete from ceremonies where ceremony_id = $1", identity)
    return Ceremony(
        identity, kind, row["challenge"], json.loads(row["about"]), row["person_id"], row["session_id"]
    )
