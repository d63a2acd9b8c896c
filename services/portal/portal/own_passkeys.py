"""A person's own passkeys are added and removed only after a fresh proof of who asks: a session alone may be another's.

A passkey that was removed signs in nobody and steps nothing up here from that moment. Where two operators recorded it,
they record the person's passkeys again, so that it counts for nothing elsewhere either.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import asyncpg
from fastapi import HTTPException

from chassis import clock
from portal import ceremonies
from portal.ceremonies import Ceremony
from portal.local_accounts import person_of
from portal.page import Visit
from portal.passkeys import person_behind

_LAST = """
select a.password_hash is null and (select count(*) from passkeys k where k.person_id = a.person_id) < 2
from accounts a where a.person_id = $1 for update
"""
_REMOVE = "delete from passkeys where credential_id = $1 and person_id = $2 returning 1"
_END_OTHERS = """
update sessions set ended_at = $3 where person_id = $1 and session_id <> $2 and method = 'passkey' and ended_at is null
"""


async def ask_for_proof(visit: Visit, do: Literal["add", "remove"], key: str = "", name: str = "") -> UUID:
    """Begin: what is to be done, once the person has proved who they are."""
    async with visit.writing() as db:
        ceremony = await ceremonies.begin(
            db,
            "own-account",
            seconds=visit.settings.step_up_seconds,
            person_id=visit.session.person_id,
            session_id=visit.session.id,
            about={"do": do, "key": key, "name": name},
        )
    return ceremony.id


async def proof_asked(
    visit: Visit, db: asyncpg.Connection, ceremony_id: UUID, *, use: bool = False
) -> Ceremony:
    """Raises HTTPException 401 where it is over, done, or another session's."""
    found = await ceremonies.find(db, ceremony_id, "own-account", session_id=visit.session.id, use=use)
    if found is None or found.person_id != visit.session.person_id:
        raise HTTPException(401)
    return found


async def is_proved(visit: Visit, asked: Ceremony, credential: str, password: str, code: str) -> bool:
    """By a passkey of theirs over this very asking, or by their password with a code."""
    person_id = visit.session.person_id
    async with visit.writing() as db:
        if credential:
            found = await person_behind(db, visit.settings, credential, asked.challenge, clock.event_time())
            return found == person_id
        login = await db.fetchval("select login from accounts where person_id = $1", person_id)
    return await person_of(visit.context, login, password, code) == person_id


async def remove_passkey(visit: Visit, db: asyncpg.Connection, credential_id: bytes) -> bool:
    """Whether it was removed; never the last way of signing in. Other sessions that a passkey began end with it."""
    person_id = visit.session.person_id
    if await db.fetchval(_LAST, person_id):
        return False
    if await db.fetchval(_REMOVE, credential_id, person_id) is None:
        return False
    await db.execute(_END_OTHERS, person_id, visit.session.id, clock.event_time())
    return True
