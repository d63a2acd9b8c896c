"""Signing in and out: by password and code, or by a passkey."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from chassis import clock
from portal import ceremonies
from portal.local_accounts import person_of
from portal.page import Visit, go_to, may, open_to_all, page_router
from portal.passkeys import options_to_sign, person_behind
from portal.rate_limits import must_be_within
from portal.rules import EVERYBODY
from portal.sessions import SESSION_COOKIE, end_session, take_cookie
from portal.signin import own_path, signed_in
from portal.tenancy import SIGN_IN, writing

CEREMONY_SECONDS = 300
router = page_router()


@router.get("/sign-in")
async def sign_in(visit: Annotated[Visit, open_to_all()], next: str = "/") -> Response:
    return await visit.show("sign_in.html", back=own_path(next), wrong=False)


@router.post("/sign-in")
async def by_password(
    visit: Annotated[Visit, open_to_all()],
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=500)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    back: Annotated[str, Form(max_length=600)] = "/",
) -> Response:
    """Whatever is wrong, the answer is the same."""
    settings = visit.settings
    await must_be_within(
        visit.context,
        ("account", login.strip().lower(), settings.sign_ins_per_account),
        ("address", visit.address, settings.sign_ins_per_address),
    )
    person_id = await person_of(visit.context, login, password, code)
    if person_id is None:
        return await visit.show("sign_in.html", status=401, back=own_path(back), wrong=True)
    return await signed_in(visit, person_id, "totp", back)


@router.post("/sign-in/passkey")
async def ask_for_passkey(
    visit: Annotated[Visit, open_to_all()], back: Annotated[str, Form(max_length=600)] = "/"
) -> Response:
    """Asks the browser for any passkey of this site."""
    await must_be_within(visit.context, ("passkey", visit.address, visit.settings.sign_ins_per_address))
    async with writing(visit.context, SIGN_IN) as db:
        ceremony = await ceremonies.begin(db, "sign-in", seconds=CEREMONY_SECONDS)
    options = options_to_sign(visit.settings, ceremony.challenge, [])
    return await visit.show("passkey.html", ceremony=ceremony.id, options=options, back=own_path(back))


@router.post("/sign-in/passkey/answer")
async def by_passkey(
    visit: Annotated[Visit, open_to_all()],
    ceremony: Annotated[UUID, Form()],
    credential: Annotated[str, Form(max_length=20_000)],
    back: Annotated[str, Form(max_length=600)] = "/",
) -> Response:
    now = clock.event_time()
    person_id = None
    async with writing(visit.context, SIGN_IN) as db:
        found = await ceremonies.find(db, ceremony, "sign-in", use=True)
        if found is not None:
            person_id = await person_behind(db, visit.settings, credential, found.challenge, now)
            active = "select person_id from people where person_id = $1 and active"
            person_id = await db.fetchval(active, person_id)
    if person_id is None:
        return await visit.show("sign_in.html", status=401, back=own_path(back), wrong=True)
    return await signed_in(visit, person_id, "passkey", back)


@router.post("/sign-out")
async def sign_out(visit: Annotated[Visit, may(*EVERYBODY)]) -> Response:
    async with visit.writing() as db:
        await end_session(db, visit.session.id, clock.event_time())
    answer = go_to(visit.request, "/sign-in")
    take_cookie(answer, SESSION_COOKIE)
    return answer
