"""One request over HTTP: who may call, what is refused and how, and the same answer for ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from unittest.mock import Mock

import asyncpg
import httpx
import pytest

from chassis import Context, testing
from chassis.http import build_app
from intake.api import router
from intake.app import service
from throughline.answers import RequestAnswered
from throughline.reference import PartnerRegistered
from throughline.submissions import SubmissionReceived

KEY = "acme-key-0123456789"
URL = "/v1/requests"


def body(number: str = "A-1", **changes: Any) -> dict[str, Any]:
    line = {
        "line_id": "1",
        "from_date": "2026-10-01",
        "to_date": "2026-10-01",
        "code": "99213",
        "units_thousandths": 1000,
        "charge_cents": 12050,
    }
    request = {
        "number": number,
        "payer": "PAYER1",
        "payee": {"kind": "npi", "identifier": "1234567893", "tin": "123456789"},
        "subject": {"member_id": "M1", "last_name": "Doe"},
        "lines": [line],
        "total_cents": 12050,
        "currency": "USD",
    }
    return {"request": request | changes}


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    for name, key in (("acme", KEY), ("beta", "beta-key-0123456789"), ("closed", "closed-key-0123456789")):
        partner = PartnerRegistered(
            partner=name,
            version=1,
            name=name,
            api_key_sha256=sha256(key.encode()).hexdigest(),
            active=name != "closed",
        )
        await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    app = build_app("intake", [router], context, Mock())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://intake",
        headers={"Authorization": f"Bearer {KEY}"},
    ) as made:
        yield made


async def post(
    client: httpx.AsyncClient, key: str = "k-1", content: Any = None, **headers: str
) -> httpx.Response:
    sent = json.dumps(body()).encode() if content is None else content
    sent = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    all_headers = {"Idempotency-Key": key, "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await client.post(URL, content=sent, headers=all_headers)


async def messages(pool: asyncpg.Pool) -> list[Any]:
    classes: dict[str, Any] = {"RequestAnswered": RequestAnswered, "SubmissionReceived": SubmissionReceived}
    return [
        classes[dict(one.headers)["ce_type"].decode().removeprefix("throughline.")].model_validate_json(
            one.value
        )
        for one in await testing.said_in(pool)
    ]


async def test_accepted_shown_and_said_once(client: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    first = await post(client)
    assert first.status_code == 201 and first.json()["outcome"] == "accepted"
    again = await post(client, content=json.dumps(body(), indent=2).encode())
    assert (again.status_code, again.json()) == (201, first.json())
    shown = await client.get(first.headers["Location"])
    assert shown.status_code == 200
    assert {name: shown.json()[name] for name in ("number", "version", "status", "payer_claim_number")} == {
        "number": "A-1",
        "version": 1,
        "status": "received",
        "payer_claim_number": first.json()["payer_claim_number"],
    }
    received, answered = await messages(pool)
    assert received.channel == "http" and str(received.request_id) == first.json()["request_id"]
    assert (
        answered.receipt == received.receipt
        and str(answered.receipt.receipt_id) == first.json()["receipt_id"]
    )


async def test_the_same_key_with_another_body_is_a_conflict(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    await post(client)
    other = await post(client, content=body(total_cents=1))
    assert (other.status_code, other.json()["reason"]) == (422, "conflict")
    assert len(await messages(pool)) == 2


async def test_the_same_key_at_once_is_answered_alike(client: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    replies = await asyncio.gather(*(post(client) for _ in range(6)))
    assert {(one.status_code, one.text) for one in replies} == {(201, replies[0].text)}
    assert len(await messages(pool)) == 2


async def test_the_same_request_under_a_new_key_is_repeated(client: httpx.AsyncClient) -> None:
    first, second = await post(client, "k-1"), await post(client, "k-2")
    assert (second.status_code, second.json()["outcome"]) == (200, "repeated")
    assert second.json()["request_id"] == first.json()["request_id"]
    again = await post(client, "k-2")
    assert (again.status_code, again.json()) == (second.status_code, second.json())


async def test_a_refusal_is_the_same_for_ever(client: httpx.AsyncClient) -> None:
    await post(client, "k-1")
    first = await post(client, "k-2", body(total_cents=7))
    assert (first.status_code, first.json()["reason"]) == (422, "number_in_use")
    assert (await post(client, "k-2", body(total_cents=7))).json() == first.json()


async def test_corrections_and_withdrawals_name_their_type(client: httpx.AsyncClient) -> None:
    await post(client, "k-1")
    correction = body(version=2, frequency="7")
    corrected = await post(client, "k-2", correction, ce_type="throughline.CorrectRequest")
    assert (corrected.status_code, corrected.json()["version"]) == (201, 2)
    withdrawal = {"number": "A-1", "version": 2, "payee": body()["request"]["payee"]}
    withdrawn = await post(client, "k-3", withdrawal, ce_type="throughline.WithdrawRequest")
    assert withdrawn.status_code == 201
    shown = await client.get(withdrawn.headers["Location"])
    assert (shown.json()["version"], shown.json()["status"]) == (2, "withdrawn")


async def test_without_a_type_the_body_shows_what_it_is(client: httpx.AsyncClient) -> None:
    await post(client, "k-1")
    corrected = await post(client, "k-2", body(version=2, frequency="7"))
    assert (corrected.status_code, corrected.json()["version"]) == (201, 2)
    withdrawal = {"number": "A-1", "version": 2, "payee": body()["request"]["payee"]}
    assert (await post(client, "k-3", withdrawal)).json()["outcome"] == "accepted"


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        pytest.param(b"", 400, "empty", id="empty"),
        pytest.param(b"{", 400, "undecodable", id="cut"),
        pytest.param(b"\xef\xbb\xbf{}", 400, "encoding", id="byte order mark"),
        pytest.param(b'{"request":1,"request":2}', 400, "duplicate_key", id="key twice"),
        pytest.param(b"[" * 100_000, 400, "limits", id="deep"),
        pytest.param(body(status="approved"), 422, "unknown_field", id="mass assignment"),
        pytest.param(body(account_number="SECRET"), 422, "field_forbidden", id="bank account"),
        pytest.param(body(payer="*SECRET*"), 422, "format", id="format"),
        pytest.param(b" " * 300_000, 413, "oversize", id="too large"),
    ],
)
async def test_what_is_wrong_is_a_problem_body_without_echo(
    client: httpx.AsyncClient, content: Any, status: int, reason: str
) -> None:
    reply = await post(client, content=content)
    assert (reply.status_code, reply.json()["reason"]) == (status, reason)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == status and reply.json()["title"]
    assert "SECRET" not in reply.text


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"Authorization": ""}, 401, "unauthenticated"),
        ({"Authorization": "Bearer wrong-key-0123456789"}, 401, "unauthenticated"),
        ({"Authorization": "Basic " + KEY}, 401, "unauthenticated"),
        ({"Authorization": "Bearer closed-key-0123456789"}, 401, "unauthenticated"),
        ({"Idempotency-Key": ""}, 400, "idempotency_key"),
        ({"Idempotency-Key": "x" * 201}, 400, "idempotency_key"),
        ({"Content-Type": "text/xml"}, 415, "content_type"),
        ({"Content-Type": ""}, 415, "content_type"),
        ({"ce-type": "throughline.PayMe"}, 422, "unknown_schema"),
        ({"Content-Length": "99999999"}, 413, "oversize"),
    ],
)
async def test_the_call_itself(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, reason: str
) -> None:
    reply = await post(client, **headers)
    assert (reply.status_code, reply.json()["reason"]) == (status, reason)
    if status == 401:
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_body_that_does_not_come_is_a_timeout(context: Context, client: httpx.AsyncClient) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)
        yield b"}"

    app = build_app("intake", [router], context, Mock())
    sent: list[dict[str, Any]] = []
    stream = slowly()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(stream), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    headers = [
        (b"authorization", f"Bearer {KEY}".encode()),
        (b"idempotency-key", b"k"),
        (b"content-type", b"application/json"),
    ]
    scope = {"type": "http", "method": "POST", "path": URL, "headers": headers, "query_string": b""}
    await app(scope | {"http_version": "1.1", "scheme": "http"}, receive, send)
    assert sent[0]["status"] == 408 and (b"connection", b"close") in sent[0]["headers"]


@pytest.mark.parametrize("path", ["1", "x" * 8_000, "%00", "..%2f..", "' or 1=1 --", "0" * 36])
async def test_no_such_id(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(f"{URL}/{path}")
    assert reply.status_code == 404


async def test_another_partners_request_does_not_exist(client: httpx.AsyncClient) -> None:
    mine = await post(client)
    there = await client.get(
        mine.headers["Location"], headers={"Authorization": "Bearer beta-key-0123456789"}
    )
    nowhere = await client.get(f"{URL}/{'0' * 8}-0000-0000-0000-{'0' * 12}")
    assert there.status_code == nowhere.status_code == 404
    assert there.json() == nowhere.json()


async def test_only_post_takes_in(client: httpx.AsyncClient) -> None:
    assert (await client.get(URL)).status_code == 405
    assert (await client.put(URL)).status_code == 405
