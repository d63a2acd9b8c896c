"""The first visit of an invited person: they choose a password and set up the codes of their authenticator app."""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated
from uuid import UUID

import pyotp
from fastapi import Form, HTTPException, Query, Response

from chassis import clock
from portal import ceremonies
from portal.local_accounts import (
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    hash_password,
)
from portal.page import Visit, open_to_all, page_router
from portal.passkeys import base64url
from portal.rate_limits import must_be_within
from portal.tenancy import SIGN_IN, reading, writing
from portal.totp import matching_step

router = page_router()
_SET = """
update accounts set password_hash = $2, totp_sealed = $3, totp_last_step = $4
where person_id = $1 and password_hash is null returning login
"""


@router.get("/welcome/{ceremony_id}")
async def welcome(
    visit: Annotated[Visit, open_to_all()],
    ceremony_id: UUID,
    key: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    return await _page(visit, ceremony_id, key, problem="")


async def _page(visit: Visit, ceremony_id: UUID, key: str, *, problem: str) -> Response:
    async with reading(visit.context, SIGN_IN) as db:
        invitation = await _invitation(db, ceremony_id, key)
        login = await db.fetchval("select login from accounts where person_id = $1", invitation.person_id)
    secret = _secret(visit, invitation)
    return await visit.show(
        "welcome.html",
        status=422 if problem else 200,
        ceremony_id=ceremony_id,
        key=key,
        login=login,
        secret=secret,
        address=pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Throughline"),
        problem=problem,
        shortest=PASSWORD_LENGTH_MIN,
    )


@router.post("/welcome/{ceremony_id}")
async def accept(
    visit: Annotated[Visit, open_to_all()],
    ceremony_id: UUID,
    key: Annotated[str, Form(max_length=100)],
    password: Annotated[str, Form(max_length=PASSWORD_LENGTH_MAX)],
    code: Annotated[str, Form(max_length=20)],
) -> Response:
    await must_be_within(visit.context, ("welcome", visit.address, visit.settings.sign_ins_per_address))
    if len(password) < PASSWORD_LENGTH_MIN:
        return await _page(visit, ceremony_id, key, problem="welcome.short")
    async with reading(visit.context, SIGN_IN) as db:
        secret = _secret(visit, await _invitation(db, ceremony_id, key))
    step = matching_step(secret, code, clock.event_time())
    if step is None:
        return await _page(visit, ceremony_id, key, problem="welcome.wrong_code")
    hashed = await asyncio.to_thread(hash_password, password)
    async with writing(visit.context, SIGN_IN) as db:
        invitation = await _invitation(db, ceremony_id, key, use=True)
        assert invitation.person_id is not None
        sealed = visit.context.resources.content_key.seal(secret.encode(), "accounts", invitation.person_id)
        if await db.fetchval(_SET, invitation.person_id, hashed, sealed, step) is None:
            raise HTTPException(404)
    return visit.redirect("/sign-in")


async def _invitation(db: object, ceremony_id: UUID, key: str, *, use: bool = False) -> ceremonies.Ceremony:
    """Raises HTTPException 404 where there is none, it was used, or the key is not its."""
    found = await ceremonies.find(db, ceremony_id, "invitation", use=use)
    if found is None or not hmac.compare_digest(base64url(found.challenge).encode(), key.encode()):
        raise HTTPException(404)
    return found


def _secret(visit: Visit, invitation: ceremonies.Ceremony) -> str:
    sealed = bytes.fromhex(invitation.about["totp"])
    opened: bytes = visit.context.resources.content_key.open(sealed, "ceremonies", invitation.person_id)
    return opened.decode()
