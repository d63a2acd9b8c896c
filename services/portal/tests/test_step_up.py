"""A step-up: a fresh proof, for exactly one command of one person in one browser (H3, H5 of the catalogue)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from unittest.mock import Mock
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import Form, Response
from portal_people import Person, TrueTime, csrf_in, known, sign_in

from chassis import Context
from chassis.http import build_app
from chassis.testing import said_in
from chassis.testing_people import SoftPasskey
from portal.app import service
from portal.page import Visit, may, page_router
from portal.rules import Role
from portal.step_up import ask
from portal.tenancy import SIGN_IN, writing
from throughline.orders import ReleaseBatch
from throughline.people import RelyingParty
from throughline.signed import SIGNATURE, STEP_UP, challenge_of, verify

ORIGIN = "https://portal.example"
BATCH = UUID("00000000-0000-4000-8000-00000000004b")
router = page_router()


@router.post("/test/release")
async def release(
    visit: Annotated[Visit, may(Role.RELEASER)],
    once: Annotated[UUID | None, Form()] = None,
    note: Annotated[str, Form()] = "Seen",
) -> Response:
    command = ReleaseBatch(
        batch_id=BATCH, actor=str(visit.session.person_id), note=note, total_cents=125_000, entry_count=3
    )
    return await ask(
        visit,
        command,
        key=str(BATCH),
        once=once or uuid4(),
        facts=[("step_up.title", visit.shown.money(125_000))],
        back="/account",
        notice="account.shown_changed",
    )


@pytest.fixture
async def browser(context: Context, true_time: TrueTime) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app("portal", (*service.api, router), context, Mock(), service.dress)
    transport = httpx.ASGITransport(app=app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as client:
        yield client


async def with_passkey(context: Context, person: Person) -> SoftPasskey:
    passkey = SoftPasskey(RelyingParty(id="portal.example", origin=ORIGIN))
    async with writing(context, SIGN_IN) as db:
        await db.execute(
            "insert into passkeys values ($1, $2, $3, 0, 'portal.example', 'Test', $4)",
            decoded(passkey.kid),
            person.person_id,
            decoded(passkey.public().public_key),
            datetime(2026, 1, 1, tzinfo=UTC),
        )
    return passkey


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def asked(browser: httpx.AsyncClient) -> str:
    """The path of a step-up that was just begun."""
    csrf = csrf_in(await browser.get("/account"))
    answer = await browser.post("/test/release", data={"csrf": csrf})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def challenge_in(context: Context, path: str) -> bytes:
    async with writing(context, SIGN_IN) as db:
        found: bytes = await db.fetchval(
            "select challenge from ceremonies where ceremony_id = $1", UUID(path.split("/")[-1])
        )
    return found


async def prove(browser: httpx.AsyncClient, path: str, **given: str) -> httpx.Response:
    csrf = csrf_in(await browser.get("/account"))
    return await browser.post(path, data={"csrf": csrf, **given})


async def test_a_passkey_over_the_command_sends_it_once_and_signed(
    browser: httpx.AsyncClient, context: Context
) -> None:
    person = await known(context, "ann", Role.RELEASER)
    passkey = await with_passkey(context, person)
    await sign_in(browser, person)
    path = await asked(browser)
    shown = await browser.get(path)
    assert "$1,250.00" in shown.text
    credential = passkey.answer(await challenge_in(context, path)).decode()
    assert (await prove(browser, path, credential=credential)).headers["location"] == "/account"

    (record,) = await said_in(context.pool)
    headers = dict(record.headers)
    said = verify(headers[SIGNATURE], record.value, context.resources.signing_key)
    assert (said.person_id, said.organisation_id, said.role) == (
        person.person_id,
        person.organisation_id,
        "releaser",
    )
    assert (said.method, said.topic, said.message) == ("passkey", "orders", "throughline.ReleaseBatch")
    assert headers["ce_id"].decode() == str(said.id)
    assert headers[STEP_UP].decode() == credential
    assert challenge_of(said.id, record.value) == decoded_challenge(credential)

    assert (await prove(browser, path, credential=credential)).status_code == 401
    assert len(await said_in(context.pool)) == 1


def decoded_challenge(credential: str) -> bytes:
    import json

    client = json.loads(decoded(json.loads(credential)["response"]["clientDataJSON"]))
    return decoded(client["challenge"])


@pytest.mark.parametrize(
    "what", ["another command", "another person", "another site", "unverified", "garbage"]
)
async def test_a_proof_of_something_else_sends_nothing(
    browser: httpx.AsyncClient, context: Context, what: str
) -> None:
    person, other = await known(context, "ann", Role.RELEASER), await known(context, "bob", Role.RELEASER)
    passkey, foreign = await with_passkey(context, person), await with_passkey(context, other)
    await sign_in(browser, person)
    first, path = await asked(browser), await asked(browser)
    challenge = await challenge_in(context, path)
    credential = {
        "another command": passkey.answer(await challenge_in(context, first)),
        "another person": foreign.answer(challenge),
        "another site": passkey.answer(challenge, rp_id="evil.example", origin="https://evil.example"),
        "unverified": passkey.answer(challenge, is_verified=False),
        "garbage": b'{"id": "x"}',
    }[what].decode()
    assert (await prove(browser, path, credential=credential)).status_code == 401
    assert await said_in(context.pool) == []


async def test_h5_a_step_up_is_over_after_five_minutes(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    person = await known(context, "ann", Role.RELEASER)
    passkey = await with_passkey(context, person)
    await sign_in(browser, person)
    path = await asked(browser)
    credential = passkey.answer(await challenge_in(context, path)).decode()
    true_time.pass_by(minutes=5, seconds=1)
    answer = await prove(browser, path, credential=credential)
    assert answer.status_code == 401
    assert "insufficient_user_authentication" in answer.headers["www-authenticate"]
    assert await said_in(context.pool) == []


async def test_a_step_up_of_another_browser_is_nobodys(browser: httpx.AsyncClient, context: Context) -> None:
    person = await known(context, "ann", Role.RELEASER)
    await sign_in(browser, person)
    path = await asked(browser)
    browser.cookies.clear()
    other = await known(context, "bob", Role.RELEASER)
    await sign_in(browser, other)
    assert (await browser.get(path)).status_code == 401


@pytest.mark.parametrize(("mode", "status"), [("sandbox", 303), ("live", 403)])
async def test_a_code_does_in_the_sandbox_alone(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime, mode: str, status: int
) -> None:
    person = await known(context, "ann", Role.RELEASER)
    await sign_in(browser, person)
    path = await asked(browser)
    true_time.pass_by(seconds=30)
    context.settings = context.settings.model_copy(update={"stack_mode": mode})
    assert (await prove(browser, path, code=person.code)).status_code == status
    said = await said_in(context.pool)
    assert len(said) == (1 if status == 303 else 0)
    for record in said:
        headers = dict(record.headers)
        assert verify(headers[SIGNATURE], record.value, context.resources.signing_key).method == "totp"
        assert STEP_UP not in headers


async def test_what_was_proved_once_is_not_sent_otherwise_under_the_same_form(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    person = await known(context, "ann", Role.RELEASER)
    await sign_in(browser, person)
    csrf, once = csrf_in(await browser.get("/account")), str(uuid4())
    paths = []
    for note in ("one", "one", "other"):
        answer = await browser.post("/test/release", data={"csrf": csrf, "once": once, "note": note})
        paths.append(answer.headers["location"])
    for path, status in zip(paths, (303, 303, 409), strict=True):
        true_time.pass_by(seconds=30)
        assert (await prove(browser, path, code=person.code)).status_code == status
    assert len(await said_in(context.pool)) == 1
    given = {"csrf": csrf, "once": once, "note": "third"}
    assert (await browser.post("/test/release", data=given)).status_code == 409
