"""A person's own account: their sessions, their passkeys, how dates are shown to them."""

from __future__ import annotations

import base64
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

import asyncpg
from fastapi import Form, HTTPException, Response

from chassis import clock
from portal import ceremonies
from portal.ceremony_page import show_ceremony
from portal.local_accounts import PASSWORD_LENGTH_MAX
from portal.own_passkeys import ask_for_proof, is_proved, proof_asked, remove_passkey
from portal.page import Visit, go_to, may, page_router
from portal.passkeys import add_key, base64url, keys_of, options_to_make
from portal.rate_limits import must_be_within
from portal.rules import EVERYBODY
from portal.sessions import SESSION_COOKIE, end_session, end_sessions_of, take_cookie
from portal.texts import languages

router = page_router()
CEREMONY_SECONDS = 300
TRIES_A_MINUTE = 5
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "UTC",
)
_SESSIONS = """
select session_id, method, agent, started_at, seen_at from sessions
where person_id = $1 and ended_at is null and ends_at > $2 order by seen_at desc limit 50
"""
_ROLES = """
select r.role, coalesce(n.name, '') as organisation from person_roles r
left join organisation_names n using (organisation_id) where r.person_id = $1 order by r.role, n.name
"""


@router.get("/account")
async def account(visit: Annotated[Visit, may(*EVERYBODY)]) -> Response:
    person_id = visit.session.person_id
    async with visit.reading() as db:
        sessions = await db.fetch(_SESSIONS, person_id, clock.event_time())
        keys = await keys_of(db, person_id)
        roles = await db.fetch(_ROLES, person_id)
    return await visit.show(
        "account.html",
        sessions=sessions,
        keys=[dict(key) | {"id": base64url(key["credential_id"])} for key in keys],
        roles=roles,
        zones=ZONES,
        zone=visit.session.zone,
        languages=languages(),
        own=visit.session.id,
    )


@router.post("/account/shown")
async def change_shown(
    visit: Annotated[Visit, may(*EVERYBODY)],
    zone: Annotated[str, Form(max_length=60)],
    language: Annotated[str, Form(max_length=10)] = "en",
) -> Response:
    if zone not in available_timezones() or language not in languages():
        raise HTTPException(422)
    async with visit.writing() as db:
        await db.execute(
            "update accounts set zone = $2, language = $3 where person_id = $1",
            visit.session.person_id,
            zone,
            language,
        )
    return await visit.redirect_with("/account", "account.shown_changed")


@router.post("/account/sessions/{session_id}/end")
async def end_one(visit: Annotated[Visit, may(*EVERYBODY)], session_id: UUID) -> Response:
    async with visit.writing() as db:
        mine = "select 1 from sessions where session_id = $1 and person_id = $2"
        if not await db.fetchval(mine, session_id, visit.session.person_id):
            raise HTTPException(404)
        await end_session(db, session_id, clock.event_time())
    return visit.redirect("/account")


@router.post("/account/sign-out-everywhere")
async def sign_out_everywhere(visit: Annotated[Visit, may(*EVERYBODY)]) -> Response:
    async with visit.writing() as db:
        await end_sessions_of(db, [visit.session.person_id], clock.event_time())
    answer = go_to(visit.request, "/sign-in")
    take_cookie(answer, SESSION_COOKIE)
    return answer


@router.post("/account/passkeys")
async def ask_to_add(visit: Annotated[Visit, may(*EVERYBODY)]) -> Response:
    return visit.redirect(f"/account/prove/{await ask_for_proof(visit, 'add')}")


@router.post("/account/passkeys/remove")
async def ask_to_remove(
    visit: Annotated[Visit, may(*EVERYBODY)], key: Annotated[str, Form(max_length=2000)]
) -> Response:
    async with visit.reading() as db:
        keys = {base64url(one["credential_id"]): one for one in await keys_of(db, visit.session.person_id)}
    if key not in keys:
        raise HTTPException(404)
    return visit.redirect(f"/account/prove/{await ask_for_proof(visit, 'remove', key, keys[key]['name'])}")


@router.get("/account/prove/{ceremony_id}")
async def show_proof(visit: Annotated[Visit, may(*EVERYBODY)], ceremony_id: UUID) -> Response:
    return await show_ceremony(visit, "prove.html", proof_asked, ceremony_id)


@router.post("/account/prove/{ceremony_id}")
async def prove(
    visit: Annotated[Visit, may(*EVERYBODY)],
    ceremony_id: UUID,
    credential: Annotated[str, Form(max_length=20_000)] = "",
    password: Annotated[str, Form(max_length=PASSWORD_LENGTH_MAX)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Once proved, the passkey is removed, or the browser is asked to make one."""
    await must_be_within(visit.context, ("step-up", str(visit.session.person_id), TRIES_A_MINUTE))
    async with visit.reading() as db:
        asked = await proof_asked(visit, db, ceremony_id)
    if not await is_proved(visit, asked, credential, password, code):
        return await show_ceremony(visit, "prove.html", proof_asked, ceremony_id, wrong=True)
    async with visit.writing() as db:
        asked = await proof_asked(visit, db, ceremony_id, use=True)
        if asked.about["do"] == "add":
            ceremony, options = await _options(visit, db)
        else:
            key = base64.urlsafe_b64decode(asked.about["key"] + "==")
            removed = await remove_passkey(visit, db, key)
    if asked.about["do"] == "add":
        return await visit.show("add_passkey.html", ceremony=ceremony, options=options)
    return await visit.redirect_with(
        "/account", "account.passkey_removed" if removed else "account.passkey_last"
    )


async def _options(visit: Visit, db: asyncpg.Connection) -> tuple[UUID, str]:
    """The ceremony in which the browser makes a passkey, and what it is asked for."""
    session = visit.session
    keys = [key["credential_id"] for key in await keys_of(db, session.person_id)]
    row = await db.fetchrow("select login, user_handle from accounts where person_id = $1", session.person_id)
    ceremony = await ceremonies.begin(
        db,
        "add-passkey",
        seconds=CEREMONY_SECONDS,
        person_id=session.person_id,
        session_id=session.id,
    )
    name = session.name.reveal()
    return ceremony.id, options_to_make(
        visit.settings, ceremony.challenge, row["user_handle"], row["login"], name, keys
    )


@router.post("/account/passkeys/answer")
async def add_passkey(
    visit: Annotated[Visit, may(*EVERYBODY)],
    ceremony: Annotated[UUID, Form()],
    credential: Annotated[str, Form(max_length=20_000)],
    name: Annotated[str, Form(min_length=1, max_length=60)],
) -> Response:
    async with visit.writing() as db:
        found = await ceremonies.find(db, ceremony, "add-passkey", session_id=visit.session.id, use=True)
        made = found is not None and await add_key(
            db,
            visit.settings,
            visit.session.person_id,
            credential,
            found.challenge,
            name,
            clock.event_time(),
        )
    notice = "account.passkey_added" if made else "account.passkey_not_added"
    return await visit.redirect_with("/account", notice)
