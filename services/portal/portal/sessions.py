"""Sessions of people: a random token in a cookie, its hash in the database, and when it ends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from fastapi import Request, Response

from chassis import Context, clock
from portal.tenancy import SIGN_IN, writing
from throughline.sensitive import Sensitive

if TYPE_CHECKING:
    from portal.rules import Role

SESSION_COOKIE = "__Host-session"
FORM_COOKIE = "__Host-form"
"""Random, for who is not signed in: the token of the sign-in form follows from it."""


@dataclass(frozen=True, slots=True)
class Session:
    """Whose browser this is. ``roles``: for each role the organisations."""

    id: UUID
    secret: str
    person_id: UUID
    name: Sensitive
    roles: Mapping[Role, tuple[UUID, ...]]
    method: str
    """How the person signed in: ``totp`` or ``passkey``."""
    started_at: datetime
    has_notices: bool
    """Whether sentences were left for its next page."""
    zone: str
    language: str

    def __repr__(self) -> str:
        return f"<session {self.id}>"


def new_secret() -> str:
    """256 random bits, as a cookie can carry them."""
    return secrets.token_urlsafe(32)


def csrf_token(secret: str) -> str:
    """What forms of this session carry. It follows from the cookie's secret, which no page shows."""
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), b"csrf", "sha256")).decode().rstrip("=")


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def give_cookie(response: Response, name: str, secret: str) -> None:
    """``__Host-``: https alone (browsers count http://localhost as such), this host alone, no script reads it."""
    response.set_cookie(name, secret, path="/", secure=True, httponly=True, samesite="lax")


def take_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


# A session is good while it is used, not too old, and its person may still come in.
_FIND = """
select s.session_id, s.person_id, s.method, s.started_at, s.seen_at, s.notices <> '[]' as has_notices,
  a.display_name, a.zone, a.language,
  (select coalesce(json_agg(json_build_array(r.role, r.organisation_id)), '[]') from person_roles as r
   join organisations as o using (organisation_id) where r.person_id = p.person_id and o.active)::text as roles
from sessions as s join people as p using (person_id) join accounts as a using (person_id)
where s.token_hash = $1 and s.ended_at is null and s.ends_at > $2 and s.seen_at > $2 - $3::interval and p.active
"""
_TOUCH_EVERY = timedelta(seconds=30)


async def find_session(context: Context, request: Request) -> Session | None:
    """The session of a request's cookie; None where there is none, or it has ended."""
    secret = request.cookies.get(SESSION_COOKIE, "")
    if not 40 <= len(secret) <= 64:
        return None
    idle, now = timedelta(minutes=context.settings.session_idle_minutes), clock.event_time()
    async with writing(context, SIGN_IN) as db:
        row = await db.fetchrow(_FIND, hash_of(secret), now, idle)
        if row is not None and row["seen_at"] < now - _TOUCH_EVERY:
            await db.execute("update sessions set seen_at = $2 where session_id = $1", row["session_id"], now)
    return None if row is None else _session(row, secret)


def _session(row: asyncpg.Record, secret: str) -> Session:
    from portal.rules import Role

    roles: dict[Role, tuple[UUID, ...]] = {}
    for role, organisation in json.loads(row["roles"]):
        roles[Role(role)] = (*roles.get(Role(role), ()), UUID(organisation))
    return Session(
        id=row["session_id"],
        secret=secret,
        person_id=row["person_id"],
        name=Sensitive(row["display_name"]),
        roles=roles,
        method=row["method"],
        started_at=row["started_at"],
        has_notices=row["has_notices"],
        zone=row["zone"],
        language=row["language"],
    )


async def begin_session(
    db: asyncpg.Connection, context: Context, person_id: UUID, method: str, agent: str
) -> str:
    """A new session, under a new secret, so that what the browser had before is worth nothing. Returns the secret."""
    secret, now = new_secret(), clock.event_time()
    await db.execute(
        """insert into sessions (session_id, token_hash, person_id, method, agent, started_at, seen_at, ends_at)
           values (gen_random_uuid(), $1, $2, $3, $4, $5, $5, $6)""",
        hash_of(secret),
        person_id,
        method,
        agent[:200],
        now,
        now + timedelta(hours=context.settings.session_hours),
    )
    return secret


async def end_session(db: asyncpg.Connection, session_id: UUID, now: datetime) -> None:
    await db.execute(
        "update sessions set ended_at = $2 where session_id = $1 and ended_at is null", session_id, now
    )


async def end_sessions_of(db: asyncpg.Connection, people: Sequence[UUID], now: datetime) -> None:
    """Everywhere at once: a sign-out everywhere, a changed role, a person who may no longer come in."""
    await db.execute(
        "update sessions set ended_at = $2 where person_id = any($1::uuid[]) and ended_at is null",
        list(people),
        now,
    )


async def leave_notice(db: asyncpg.Connection, session_id: UUID, key: str, values: Mapping[str, Any]) -> None:
    """A sentence of the catalogue for the next page of this session."""
    await db.execute(
        "update sessions set notices = notices || $2::jsonb where session_id = $1",
        session_id,
        json.dumps([[key, dict(values)]]),
    )


async def take_notices(db: asyncpg.Connection, session_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """What was left for this session; each is shown once."""
    held = await db.fetchval(
        """with held as (select session_id, notices from sessions where session_id = $1 for update)
           update sessions set notices = '[]' from held
           where sessions.session_id = held.session_id and sessions.notices <> '[]' returning held.notices""",
        session_id,
    )
    return [(key, values) for key, values in json.loads(held)] if held else []
