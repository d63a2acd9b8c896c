"""What a browser of ours never sends: H9, H11 to H15, H18 and H25 of the catalogue of bad input."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.routing import APIRoute
from portal_people import csrf_in, known, sign_in

from chassis import Context
from portal.app import service
from portal.rules import Role, rule_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def signed_in(browser: httpx.AsyncClient, context: Context) -> httpx.AsyncClient:
    await sign_in(browser, await known(context, "ann", Role.BILLER))
    return browser


async def test_h9_nothing_is_changed_by_get_and_no_header_changes_the_method(
    signed_in: httpx.AsyncClient,
) -> None:
    for path in ("/sign-out", "/account/sign-out-everywhere", "/account/shown"):
        overridden = await signed_in.get(path, headers={"X-HTTP-Method-Override": "POST", "X-Method": "POST"})
        assert overridden.status_code == 405
    assert (await signed_in.get("/account")).status_code == 200


async def test_h11_a_body_that_is_too_large_is_not_read(signed_in: httpx.AsyncClient) -> None:
    large = b"x" * 300_000
    assert (await signed_in.post("/account/shown", content=large, headers=FORM)).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 10_000

    told = await signed_in.post("/account/shown", content=endless(), headers=FORM)
    assert (told.status_code, told.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("who", ["nobody", "another role", "a wrong token"])
async def test_a_body_that_may_not_be_sent_is_not_read(
    browser: httpx.AsyncClient, context: Context, who: str
) -> None:
    """Session, role and token first: what nobody may send takes no memory and no time."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if who != "nobody":
        await sign_in(browser, await known(context, "ann", Role.AUDITOR if "role" in who else Role.BILLER))
        headers["X-CSRF-Token"] = "wrong" if "token" in who else csrf_in(await browser.get("/account"))
    read = []

    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            read.append(1)
            yield b"--x\r\n"

    answer = await browser.post("/uploads", content=body(), headers=headers)
    assert answer.status_code == (401 if who == "nobody" else 403)
    assert read == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'\xef\xbb\xbf{"zone":"UTC"}', "application/json"),
        (b'{"zone":"UTC","zone":"UTC"}', "application/json"),
        (b"[" * 20_000, "application/json"),
        (b"zone=UTC", "text/xml"),
        (b"zone=UTC", ""),
        (b"\xff\xfe\x00zone=UTC", FORM["Content-Type"]),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"broken", "multipart/form-data"),
        (b"zone=UTC", FORM["Content-Type"] + "; charset=utf-16"),
        (
            b'--x\r\nContent-Disposition: form-data; name="zone"\r\n\r\n\\ud800\r\n--x--\r\n',
            'multipart/form-data; boundary=x; CHARSET="unicode_escape"',
        ),
    ],
)
async def test_h12_another_content_is_refused(
    signed_in: httpx.AsyncClient, content: bytes, kind: str
) -> None:
    token = csrf_in(await signed_in.get("/account"))
    answer = await signed_in.post(
        "/account/shown", content=content, headers={"Content-Type": kind, "X-CSRF-Token": token}
    )
    assert answer.status_code in (400, 415, 422)


async def test_h13_a_field_that_is_no_ones_to_send_changes_nothing(
    signed_in: httpx.AsyncClient, context: Context
) -> None:
    token = csrf_in(await signed_in.get("/account"))
    given = {"csrf": token, "zone": "UTC", "person_id": "x", "role": "operator", "active": "true"}
    await signed_in.post("/account/shown", data=given)
    page = await signed_in.get("/account")
    assert "Biller" in page.text and "Operator" not in page.text


ODD = ("' or 1=1 --", "%00", "-1", "1e9", "%ff%fe", "../..", "9" * 300, "desc;drop table requests")


@pytest.mark.parametrize("path", ["/requests", "/payments", "/payments/download"])
async def test_h14_a_filter_is_a_value_and_a_page_has_its_size(
    signed_in: httpx.AsyncClient, path: str
) -> None:
    for name in ("state", "number", "payer", "payee", "after", "since", "until", "sort", "limit", "as"):
        for value in ODD:
            answer = await signed_in.get(f"{path}?as=csv&{name}={value}")
            assert answer.status_code in (200, 400), (name, value)


_SOMEBODY = "0" * 32
NO_PLACES = (
    *ODD,
    f"0001-01-01T00:00:00%2B14:00~{_SOMEBODY}",
    f"9999-12-31T23:59:59-14:00_{_SOMEBODY}",
    f"2026-01-01~{_SOMEBODY}",
    f"0001-01-01_{_SOMEBODY}",
    "2026-01-01T00:00:00Z~intake.a~99999999999~1",
    "2026-01-01T00:00:00Z~intake.a~1~99999999999999999999",
    "2026-01-01T00:00:00Z~intake.a~-1~-1",
    _SOMEBODY,
)
"""Where a list could be said to go on that no page of ours says; and some that one could."""
PLACES = [
    (route.path, one.alias, rule.roles[0])
    for router in service.api
    for route in router.routes
    if isinstance(route, APIRoute)
    and "GET" in (route.methods or ())
    and (rule := rule_of(route))
    and rule.roles
    for one in route.dependant.query_params
    if one.alias in ("after", "before", "until")
]


async def test_h14_no_place_in_a_list_that_nobody_wrote_is_the_servers_fault(
    browser: httpx.AsyncClient, context: Context
) -> None:
    assert {"/orders", "/parked", "/reviews", "/requests", "/payments"} <= {path for path, _, _ in PLACES}
    for role in sorted({role for _, _, role in PLACES}):
        browser.cookies.clear()
        await sign_in(browser, await known(context, role.value.replace("_", ""), role))
        for path, name, _ in [one for one in PLACES if one[2] is role]:
            where = re.sub(r"{[^}]+}", _SOMEBODY, path)
            for value in NO_PLACES:
                answer = await browser.get(f"{where}?{name}={value}")
                assert answer.status_code != 500, (where, name, value)


async def test_h14_a_cause_and_a_version_that_nobody_knows_are_refused(
    browser: httpx.AsyncClient, context: Context
) -> None:
    await sign_in(browser, await known(context, "rita", Role.REVIEWER, Role.OPERATOR))
    assert (await browser.get("/reviews?cause=nothing")).status_code == 400
    csrf = csrf_in(await browser.get("/account"))
    for order in ("hold", "release"):
        given = {"csrf": csrf, "version": "1000", "once": _SOMEBODY, "note": "Wait."}
        answer = await browser.post(f"/orders/requests/{_SOMEBODY}/{order}", data=given)
        assert answer.status_code == 400


async def test_h14_h15_what_no_keyboard_makes_is_refused(signed_in: httpx.AsyncClient) -> None:
    token = csrf_in(await signed_in.get("/account"))
    answer = await signed_in.post("/account/shown", data={"csrf": token, "zone": "U\x00TC"})
    assert answer.status_code == 400
    assert (await signed_in.get("/requests?number=%00")).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/account/sessions/1'%20or%20'1'='1/end",
        "/account/sessions/..%2f..%2fetc%2fpasswd/end",
        "/account/sessions/%00/end",
        "/account/sessions/%c0%ae%c0%ae/end",
        "/account/sessions/00000000-0000-0000-0000-000000000000/end",
        "/account/" + "a" * 8192,
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%5csettings.py",
    ],
)
async def test_h15_what_is_no_id_is_not_found(signed_in: httpx.AsyncClient, path: str) -> None:
    token = csrf_in(await signed_in.get("/account"))
    method = "GET" if path.startswith("/static") else "POST"
    answer = await signed_in.request(method, path, headers={"X-CSRF-Token": token})
    assert answer.status_code == 404
    assert "passwd" not in answer.text and "Settings" not in answer.text


async def test_h18_nobody_is_who_a_header_says(browser: httpx.AsyncClient, context: Context) -> None:
    person = await known(context, "ann", Role.BILLER)
    spoofed = {"X-User-Id": str(person.person_id), "X-Forwarded-User": "ann", "X-Forwarded-Proto": "http"}
    answer = await browser.get("/account", headers=spoofed)
    assert answer.headers["location"].startswith("/sign-in")


async def test_h25_an_error_inside_tells_an_opaque_id_and_nothing_else(
    signed_in: httpx.AsyncClient,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("secret-4711")

    monkeypatch.setattr("portal.pages.account.keys_of", breaks)
    with caplog.at_level(logging.DEBUG):
        answer = await signed_in.get("/account")
    assert answer.status_code == 500
    assert "secret-4711" not in answer.text + caplog.text and "Traceback" not in answer.text + caplog.text
    assert answer.text.split("name ")[1].split(".")[0] in caplog.text
    assert "content-security-policy" in answer.headers
