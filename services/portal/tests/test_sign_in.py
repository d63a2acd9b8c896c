"""Signing in, and how a session ends: H1, H5, H6, H10, H20 and H21 of the catalogue of bad input."""

from __future__ import annotations

import time
from statistics import quantiles

import httpx
import pytest
from portal_people import PASSWORD, TrueTime, csrf_in, known, sign_in, try_sign_in

from chassis import Context
from portal.people_work import put_person
from portal.rules import Role
from portal.tenancy import WRITER, enter


async def test_a_session_is_a_new_random_cookie_that_no_script_and_no_other_host_gets(
    browser: httpx.AsyncClient, context: Context
) -> None:
    person = await known(context, "ann", Role.BILLER)
    answer = await try_sign_in(browser, person)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.replace("; ", ";").split(";"))
    assert "Domain" not in cookie
    assert (await browser.get("/account")).status_code == 200
    assert answer.cookies["__Host-session"] not in (await browser.get("/account")).text


async def test_what_the_browser_had_before_is_worth_nothing_after(
    browser: httpx.AsyncClient, context: Context
) -> None:
    ann = await known(context, "ann", Role.BILLER)
    browser.cookies.set("__Host-session", "x" * 43, domain="portal.example")
    await sign_in(browser, ann)
    assert browser.cookies["__Host-session"] != "x" * 43


@pytest.mark.parametrize(
    "cookie",
    ["", "none", "x" * 43, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.", "a" * 5000],
    ids=["empty", "short", "unknown", "a token with alg none", "long"],
)
async def test_h1_without_a_session_nothing_is_shown(browser: httpx.AsyncClient, cookie: str) -> None:
    answer = await browser.get("/account", headers={"Cookie": f"__Host-session={cookie}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Faccount")
    csrf = csrf_in(await browser.get("/sign-in"))
    posted = await browser.post("/sign-out", data={"csrf": csrf})
    assert posted.status_code == 401


async def test_h6_a_code_counts_once_and_the_sixth_try_is_too_many(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    person = await known(context, "ann", Role.BILLER)
    used = person.code
    await sign_in(browser, person)
    assert (await try_sign_in(browser, person, code=used)).status_code == 401
    true_time.pass_by(seconds=30)
    assert (await try_sign_in(browser, person, code=used)).status_code == 401
    for _ in range(2):
        assert (await try_sign_in(browser, person, code="000000")).status_code == 401
    answer = await try_sign_in(browser, person)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "20")
    true_time.pass_by(seconds=60)
    assert (await try_sign_in(browser, person)).status_code == 303


async def test_h6_a_code_is_typed_late_but_never_after_a_later_one(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    ann, bob = await known(context, "ann", Role.BILLER), await known(context, "bob", Role.BILLER)
    typed_late, too_late = ann.code, bob.code
    true_time.pass_by(seconds=30)
    assert (await try_sign_in(browser, ann, code=typed_late)).status_code == 303
    assert (await try_sign_in(browser, ann)).status_code == 303
    assert (await try_sign_in(browser, bob)).status_code == 303
    assert (await try_sign_in(browser, bob, code=too_late)).status_code == 401


async def test_h20_twenty_tries_in_a_minute_are_all_that_one_address_has(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    csrf = csrf_in(await browser.get("/sign-in"))
    found = [
        (await browser.post("/sign-in", data={"csrf": csrf, "login": f"nobody{n}"})).status_code
        for n in range(22)
    ]
    assert found == [401] * 20 + [429] * 2
    spoofed = {
        "X-Forwarded-For": "198.51.100.9",
        "X-Real-IP": "198.51.100.9",
        "Forwarded": "for=198.51.100.9",
    }
    again = await browser.post("/sign-in", data={"csrf": csrf, "login": "nobody"}, headers=spoofed)
    assert again.status_code == 429, "H18: who calls is not what the caller says"


async def test_h20_who_has_an_account_cannot_be_told_from_who_has_none(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime
) -> None:
    await known(context, "ann", Role.BILLER)
    csrf = csrf_in(await browser.get("/sign-in"))
    seconds: dict[str, list[float]] = {"ann": [], "nobody": []}
    texts = set()
    for _ in range(8):
        true_time.pass_by(minutes=1)
        for login, taken in seconds.items():
            began = time.perf_counter()
            answer = await browser.post(
                "/sign-in", data={"csrf": csrf, "login": login, "password": "wrong", "code": "000000"}
            )
            taken.append(time.perf_counter() - began)
            texts.add((answer.status_code, answer.text.split("<main")[1]))
    assert len(texts) == 1
    medians = [quantiles(taken, n=4)[1] for taken in seconds.values()]
    assert abs(medians[0] - medians[1]) < max(0.03, medians[0] / 2), seconds


@pytest.mark.parametrize("how", ["sign-out", "everywhere", "role", "disabled", "idle", "old"])
async def test_h21_a_session_that_has_ended_is_worth_nothing(
    browser: httpx.AsyncClient, context: Context, true_time: TrueTime, how: str
) -> None:
    person = await known(context, "ann", Role.BILLER)
    await sign_in(browser, person)
    stolen = dict(browser.cookies)
    page = await browser.get("/account")
    assert page.status_code == 200
    if how == "sign-out":
        await browser.post("/sign-out", data={"csrf": csrf_in(page)})
    elif how == "everywhere":
        await browser.post("/account/sign-out-everywhere", data={"csrf": csrf_in(page)})
    elif how in ("role", "disabled"):
        changed = {"roles": ()} if how == "role" else {"active": False}
        async with context.pool.acquire() as db, db.transaction():
            await enter(db, WRITER)
            await put_person(db, person.record(version=2, **changed))
    else:
        true_time.pass_by(minutes=31 if how == "idle" else 0)
        for _ in range(0 if how == "idle" else 37):
            true_time.pass_by(minutes=20)
            await browser.get("/account")
    answer = await browser.get(
        "/account", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in stolen.items())}
    )
    assert answer.headers.get("location", "").startswith("/sign-in")


async def test_a_session_of_another_person_cannot_be_ended(
    browser: httpx.AsyncClient, context: Context
) -> None:
    ann, bob = await known(context, "ann", Role.BILLER), await known(context, "bob", Role.BILLER)
    await sign_in(browser, bob)
    session = (await browser.get("/account")).text.split("/account/sessions/")[1].split("/")[0]
    await sign_in(browser, ann)
    page = await browser.get("/account")
    answer = await browser.post(f"/account/sessions/{session}/end", data={"csrf": csrf_in(page)})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("headers", "with_token", "status"),
    [
        ({}, True, 303),
        ({}, False, 403),
        ({"Origin": "https://evil.example"}, True, 403),
        ({"Origin": "null"}, True, 403),
        ({"Origin": ""}, True, 403),
        ({"Sec-Fetch-Site": "cross-site"}, True, 403),
        ({"Sec-Fetch-Site": "same-site"}, True, 403),
        ({"Content-Type": "text/plain"}, True, 403),
    ],
)
async def test_h10_what_does_not_come_from_a_page_of_ours_changes_nothing(
    browser: httpx.AsyncClient, context: Context, headers: dict[str, str], with_token: bool, status: int
) -> None:
    await sign_in(browser, await known(context, "ann", Role.BILLER))
    page = await browser.get("/account")
    token = csrf_in(page) if with_token else "wrong"
    answer = await browser.post(
        "/account/shown",
        content=f"csrf={token}&zone=UTC",
        headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
    )
    assert answer.status_code == status


async def test_h10_a_token_of_another_session_does_not_count(
    browser: httpx.AsyncClient, context: Context
) -> None:
    ann, bob = await known(context, "ann", Role.BILLER), await known(context, "bob", Role.BILLER)
    await sign_in(browser, bob)
    foreign = csrf_in(await browser.get("/account"))
    await sign_in(browser, ann)
    answer = await browser.post("/account/shown", data={"csrf": foreign, "zone": "UTC"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\nx"]
)
async def test_nobody_is_sent_elsewhere_after_signing_in(
    browser: httpx.AsyncClient, context: Context, back: str
) -> None:
    person = await known(context, "ann", Role.BILLER)
    csrf = csrf_in(await browser.get("/sign-in"))
    given = {"csrf": csrf, "login": "ann", "password": PASSWORD, "code": person.code, "back": back}
    assert (await browser.post("/sign-in", data=given)).headers["location"] == "/"
