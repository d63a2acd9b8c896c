"""A passkey is added and removed by who proved once more that it is them; the last way in is never removed."""

from __future__ import annotations

import httpx
import pytest
from portal_people import PASSWORD, Person, TrueTime, csrf_in, known, session_of, sign_in
from test_step_up import challenge_in, with_passkey

from chassis import Context
from chassis.testing_people import SoftPasskey
from portal.rules import Role
from portal.tenancy import SIGN_IN, writing


async def begin(browser: httpx.AsyncClient, path: str, **given: str) -> str:
    """Where the proof is asked for."""
    csrf = csrf_in(await browser.get("/account"))
    answer = await browser.post(path, data={"csrf": csrf, **given})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def prove(browser: httpx.AsyncClient, path: str, **given: str) -> httpx.Response:
    csrf = csrf_in(await browser.get(path))
    return await browser.post(path, data={"csrf": csrf, **given})


async def keys_left(context: Context, person: Person) -> int:
    async with writing(context, SIGN_IN) as db:
        found: int = await db.fetchval("select count(*) from passkeys where person_id = $1", person.person_id)
    return found


async def test_a_session_alone_adds_no_passkey(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    person = await known(context, "ann", Role.RELEASER)
    await sign_in(browser, person)
    path = await begin(browser, "/account/passkeys")
    assert path.startswith("/account/prove/")
    true_time.pass_by(seconds=30)
    wrong = await prove(browser, path, password="guessed guessed", code=person.code)
    assert wrong.status_code == 401 and 'data-passkey="create"' not in wrong.text
    true_time.pass_by(seconds=30)
    right = await prove(browser, path, password=PASSWORD, code=person.code)
    assert right.status_code == 200 and 'data-passkey="create"' in right.text
    assert (await browser.get(path)).status_code == 401, "a proof counts once"


async def test_a_proof_is_over_after_five_minutes_and_is_no_other_browsers(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    person = await known(context, "ann", Role.RELEASER)
    await sign_in(browser, person)
    path = await begin(browser, "/account/passkeys")
    other = {"Cookie": f"__Host-session={await session_of(context, person)}"}
    browser.cookies, kept = httpx.Cookies(), browser.cookies
    assert (await browser.get(path, headers=other)).status_code == 401
    browser.cookies = kept
    true_time.pass_by(minutes=5, seconds=1)
    assert (await browser.get(path)).status_code == 401


async def test_a_passkey_is_removed_by_its_own_proof_and_signs_nobody_in_any_more(
    browser: httpx.AsyncClient, context: Context
) -> None:
    person = await known(context, "ann", Role.RELEASER)
    lost, kept = await with_passkey(context, person), await with_passkey(context, person)
    elsewhere = await session_of(context, person, "passkey")
    await sign_in(browser, person)
    path = await begin(browser, "/account/passkeys/remove", key=lost.kid)
    credential = kept.answer(await challenge_in(context, path)).decode()
    answer = await prove(browser, path, credential=credential)
    assert answer.headers["location"] == "/account"
    page = await browser.get("/account")
    assert "The passkey was removed" in page.text
    assert lost.kid not in page.text and kept.kid in page.text
    browser.cookies.clear()
    gone = await browser.get("/account", headers={"Cookie": f"__Host-session={elsewhere}"})
    assert gone.status_code == 303, "who signed in with a passkey elsewhere is signed out"


async def test_the_last_way_in_is_never_removed(browser: httpx.AsyncClient, context: Context) -> None:
    person = await known(context, "ann", Role.RELEASER)
    passkey = await with_passkey(context, person)
    await sign_in(browser, person)
    async with writing(context, SIGN_IN) as db:
        await db.execute("update accounts set password_hash = null")
    await remove(browser, context, passkey)
    assert await keys_left(context, person) == 1
    assert "It was not removed" in (await browser.get("/account")).text


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
async def test_a_passkey_of_another_person_is_not_found(
    browser: httpx.AsyncClient, context: Context, whose: str
) -> None:
    person, other = await known(context, "ann", Role.RELEASER), await known(context, "bob", Role.RELEASER)
    foreign = await with_passkey(context, other)
    await sign_in(browser, person)
    key = foreign.kid if whose == "another's" else "AAAA"
    csrf = csrf_in(await browser.get("/account"))
    answer = await browser.post("/account/passkeys/remove", data={"csrf": csrf, "key": key})
    assert answer.status_code == 404
    assert await keys_left(context, other) == 1


async def remove(browser: httpx.AsyncClient, context: Context, passkey: SoftPasskey) -> None:
    path = await begin(browser, "/account/passkeys/remove", key=passkey.kid)
    credential = passkey.answer(await challenge_in(context, path)).decode()
    assert (await prove(browser, path, credential=credential)).status_code == 303
