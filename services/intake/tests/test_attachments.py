"""Attachments: kept sealed under the name of their bytes, shown to who may see them, there before they are named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from test_attachment_content import EICAR, JPEG, PDF, PNG, with_zip
from test_http_requests import body
from test_signed_arrivals import BILLIE, CLINIC, OSCAR, OTHER, REVA, TYPE, VALUE

from chassis import Context, testing
from chassis.http import build_app
from chassis.testing_people import OPERATIONS, Actor, an, know
from intake.api import router
from intake.app import service
from intake.drop_attachments import drop_attachments
from intake.signed_arrivals import PORTAL_TOPIC
from throughline.answers import RequestAnswered
from throughline.reasons import Reason
from throughline.reference import PartnerRegistered
from throughline.signed import SIGNATURE
from throughline.signed_http import Call, content_digest
from throughline.submissions import AttachmentShown, SubmissionReceived

PARTNERS = ("acme", "beta", "portal")
AUDREY, OTIS = an("auditor"), an("operator")
URL = "/v1/attachments"
NAME = sha256(PDF).hexdigest()


@pytest.fixture
async def client(context: Context, pool: asyncpg.Pool) -> AsyncIterator[httpx.AsyncClient]:
    await know(pool, OPERATIONS, CLINIC, OTHER, BILLIE, OSCAR, REVA, AUDREY, OTIS)
    for name in PARTNERS:
        hashed = sha256(f"{name}-key-0123456789".encode()).hexdigest()
        partner = PartnerRegistered(partner=name, version=1, name=name, api_key_sha256=hashed)
        await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    app = build_app("intake", [router], context, Mock())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake") as made:
        yield made


def called_by(partner: str = "acme", **headers: str) -> dict[str, str]:
    said = {"Authorization": f"Bearer {partner}-key-0123456789"}
    return said | {name.replace("_", "-"): value for name, value in headers.items()}


async def send(
    client: httpx.AsyncClient,
    content: Any = PDF,
    kind: str = "application/pdf",
    partner: str = "acme",
    **more: str,
) -> httpx.Response:
    return await client.post(URL, content=content, headers=called_by(partner, Content_Type=kind, **more))


def signed(by: Actor, call: Call) -> dict[str, str]:
    signature = by.sign(call.value, message=call.what, id=call.id, topic=call.target, at=datetime.now(UTC))
    return {"Throughline_Signature": signature.decode()}


async def send_as(client: httpx.AsyncClient, by: Actor, content: bytes = PDF) -> httpx.Response:
    digest = content_digest(sha256(content).digest())
    call = Call("throughline.KeepAttachment", "POST", URL, digest)
    return await send(client, content, partner="portal", Content_Digest=digest, **signed(by, call))


async def read_as(
    client: httpx.AsyncClient,
    by: Actor,
    name: str = NAME,
    request_id: UUID | None = None,
    method: str = "GET",
) -> httpx.Response:
    target = f"{URL}/{name}" + (f"?request={request_id}" if request_id else "")
    headers = called_by("portal", **signed(by, Call("throughline.ReadAttachment", "GET", target)))
    return await client.request(method, target, headers=headers)


async def test_the_same_bytes_have_one_name_and_are_stored_once_and_sealed(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    first, again, *both = [
        await send(client),
        await send(client),
        *await asyncio.gather(send(client, JPEG, "image/jpeg"), send(client, JPEG, "image/jpeg")),
    ]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() and first.json()["sha256"] == NAME
    assert first.json()["media_type"] == "application/pdf" and first.json()["bytes"] == len(PDF)
    assert sorted(one.status_code for one in both) == [200, 201]
    assert await pool.fetchval("select count(*) from attachments") == 2
    rows = await pool.fetch(
        "select a::text || p.bytes::text from attachments a join attachment_parts p using (attachment_id)"
    )
    assert rows and not [row for row in rows if PDF[:20].hex() in row[0] or "Attendance" in row[0]]
    shown = await client.get(first.headers["location"], headers=called_by())
    assert shown.content == PDF and shown.headers["content-type"] == "application/pdf"
    assert shown.headers["content-disposition"] == f'attachment; filename="{NAME[:16]}.pdf"'
    assert shown.headers["x-content-type-options"] == "nosniff"


async def test_a_large_one_goes_through_in_parts(client: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    content = PDF[:9] + bytes(700_000) + PDF[9:]

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 9_999):
            yield content[start : start + 9_999]

    sent = await send(client, pieces())
    assert sent.status_code == 201 and await pool.fetchval("select count(*) from attachment_parts") == 3
    assert (await client.get(sent.headers["location"], headers=called_by())).content == content


REFUSED: dict[str, tuple[bytes, str, int, str, str]] = {
    "no bytes": (b"", "application/pdf", 422, "empty", "Choose it again"),
    "another type than said": (PNG, "application/pdf", 422, "attachment_type", "Send it as what it is."),
    "a false extension": (b"MZ" + bytes(90), "application/pdf", 422, "attachment_type", "Save it as a PDF."),
    "a type that is not taken": (b"<html>", "text/html", 415, "attachment_type", "PDF, PNG, JPEG or TIFF"),
    "two things at once": (with_zip(PDF), "application/pdf", 422, "attachment_type", "Save it as a PDF."),
    "harmful": (PDF[:9] + EICAR + PDF[9:], "application/pdf", 422, "attachment_harmful", "It was not kept"),
    "too large": (PDF + bytes(2_000_000), "application/pdf", 413, "oversize", "At most 1500000 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_is_told_why_and_not_kept(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool, name: str
) -> None:
    context.settings = context.settings.model_copy(update={"attachment_bytes_max": 1_500_000})
    content, kind, status, reason, words = REFUSED[name]
    answer = await send(client, content, kind)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert words in answer.json()["title"]
    assert await pool.fetchval("select count(*) from attachments") == 0


async def test_what_arrives_must_be_what_its_digest_names(client: httpx.AsyncClient) -> None:
    other = content_digest(sha256(PNG).digest())
    assert (await send(client, Content_Digest=other)).json()["reason"] == "content_digest"
    assert (await send(client, Content_Digest="sha-512=:x:")).status_code == 400
    assert (await send(client, Content_Digest=content_digest(bytes.fromhex(NAME)))).status_code == 201


async def test_nobody_sees_anothers(client: httpx.AsyncClient) -> None:
    await send(client)
    assert (await client.get(f"{URL}/{NAME}", headers=called_by("beta"))).status_code == 404
    assert (await client.get(f"{URL}/{NAME}")).status_code == 401
    for odd in ("x", NAME.upper(), NAME[:-1], "a" * 64):
        assert (await client.get(f"{URL}/{odd}", headers=called_by())).status_code == 404
    assert (await client.head(f"{URL}/{NAME}", headers=called_by())).headers["content-length"] == str(
        len(PDF)
    )
    # The portal's key alone opens nothing, nor does a person without a request that names it.
    assert (await client.get(f"{URL}/{NAME}", headers=called_by("portal"))).json()["reason"] == "unsigned"
    assert (await read_as(client, REVA)).status_code == 404


async def test_through_the_portal_each_organisation_has_its_own(client: httpx.AsyncClient) -> None:
    assert (await send(client, partner="portal")).status_code == 403
    assert (await send_as(client, REVA)).json()["reason"] == "role_missing"
    assert (await send_as(client, BILLIE)).status_code == 201
    assert (await read_as(client, BILLIE)).content == PDF
    assert (await read_as(client, OSCAR)).status_code == 404
    assert (await read_as(client, OTIS)).json()["reason"] == "role_missing"
    another = Call("throughline.ReadAttachment", "GET", f"{URL}/{'0' * 64}")
    moved = await client.get(f"{URL}/{NAME}", headers=called_by("portal", **signed(BILLIE, another)))
    assert moved.json()["reason"] == "signature_altered"


# requests that name them

NAMED = [{"type": "treatment-plan", "sha256": NAME}]


async def test_a_request_names_only_what_is_here(client: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    headers = called_by(Idempotency_Key="k-1", Content_Type="application/json")
    asked = body(attachments=[*NAMED, {"type": "other", "sha256": "0" * 64}])
    await send(client, partner="beta")
    early = await client.post("/v1/requests", json=asked, headers=headers)
    assert early.status_code == 422
    assert [(one["reason"], one["field"]) for one in early.json()["problems"]] == [
        ("attachment_unknown", "request.attachments.0.sha256")
    ]
    await send(client)
    second = await client.post("/v1/requests", json=asked, headers=headers | {"Idempotency-Key": "k-2"})
    assert second.json()["problems"][0]["field"] == "request.attachments.1.sha256"
    asked = body(attachments=NAMED)
    third = await client.post("/v1/requests", json=asked, headers=headers | {"Idempotency-Key": "k-3"})
    assert third.status_code == 201
    request_id = UUID(third.json()["request_id"])
    assert (
        await pool.fetchval("select count(*) from named_attachments where request_id = $1", request_id) == 1
    )
    # Who reviews the request sees what it names, and nothing else by that way.
    for actor in (REVA, AUDREY):
        assert (await read_as(client, actor, request_id=request_id)).content == PDF
    assert (await read_as(client, REVA, "0" * 64, request_id)).status_code == 404
    assert (await read_as(client, REVA, request_id=uuid4())).status_code == 404
    assert (await read_as(client, BILLIE, request_id=request_id)).status_code == 404
    await read_as(client, REVA, request_id=request_id, method="HEAD")  # its size is no look
    looks = [
        AttachmentShown.model_validate_json(one.value)
        for one in await testing.said_in(pool)
        if dict(one.headers)["ce_type"] == AttachmentShown.type_name().encode()
    ]
    assert [(one.request_id, one.sha256, str(one.person_id), one.role) for one in looks] == [
        (request_id, NAME, actor.name, actor.role) for actor in (REVA, AUDREY)
    ]


async def test_what_waits_for_no_request_is_counted_for_its_holder_and_dropped_after_days(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    room = {"attachment_unnamed_bytes_max": len(PDF) + len(JPEG)}
    context.settings = context.settings.model_copy(update=room)
    assert (await send(client)).status_code == (await send(client, JPEG, "image/jpeg")).status_code == 201
    full = await send(client, PNG, "image/png")
    assert (full.status_code, full.json()["reason"]) == (413, "attachment_quota")
    assert (await send(client)).status_code == 200, "what is here already takes no room"
    assert (await send(client, PNG, "image/png", partner="beta")).status_code == 201, "another's room"
    headers = called_by(Idempotency_Key="k-1", Content_Type="application/json")
    named = await client.post("/v1/requests", json=body(attachments=NAMED), headers=headers)
    assert named.status_code == 201
    assert (await send(client, PNG, "image/png")).status_code == 201, "what a request names is not counted"

    await pool.execute("update attachments set unnamed_since = unnamed_since - interval '29 days'")
    await drop_attachments(context)
    assert await pool.fetchval("select count(*) from attachments") == 4
    await pool.execute("update attachments set unnamed_since = unnamed_since - interval '2 days'")
    assert (await send(client, JPEG, "image/jpeg")).status_code == 200, "sent again, it counts from now on"
    await drop_attachments(context)
    left = await pool.fetch(
        "select distinct sha256 from attachments join attachment_parts using (attachment_id)"
    )
    assert {row[0].hex() for row in left} == {NAME, sha256(JPEG).hexdigest()}
    assert await pool.fetchval("select count(*) from attachments") == 2


async def test_nothing_is_taken_in_while_the_scanner_is_away(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    context.settings = context.settings.model_copy(update={"clamd": "/nowhere/clamd.sock"})
    away = await send(client)
    assert (away.status_code, away.json()["reason"]) == (503, "no_scanner")
    assert await pool.fetchval("select count(*) from attachments") == 0


async def test_a_document_is_never_fetched_from_an_address(client: httpx.AsyncClient) -> None:
    """H22: there is no field for one."""
    headers = called_by(Idempotency_Key="k-1", Content_Type="application/json")
    for address in ("http://169.254.169.254/latest", "file:///etc/passwd", "http://127.0.0.1:8000/metrics"):
        asked = body(attachments=[{"type": "referral", "sha256": NAME, "url": address}])
        headers["Idempotency-Key"] += "x"
        refused = await client.post("/v1/requests", json=asked, headers=headers)
        told = [(one["reason"], one["field"]) for one in refused.json()["problems"]]
        assert told == [("unknown_field", "request.attachments.0.url")]
        asked = body(attachments=[{"type": "referral", "sha256": address}])
        headers["Idempotency-Key"] += "x"
        refused = await client.post("/v1/requests", json=asked, headers=headers)
        assert refused.json()["problems"][0]["field"] == "request.attachments.0.sha256"


def portal_record(by: Actor, attachments: list[dict[str, str]], offset: int, *, number: str = "N-1") -> Any:
    command = json.loads(VALUE)
    command["request"] |= {"attachments": attachments, "number": number}
    value, identity, now = json.dumps(command).encode(), uuid4(), datetime.now(UTC)
    signature = by.sign(value, message=TYPE, id=identity, topic=PORTAL_TOPIC, at=now)
    headers = (("ce_id", str(identity).encode()), ("ce_type", TYPE.encode()), (SIGNATURE, signature))
    stamp = int(now.timestamp() * 1000)
    return testing.raw(PORTAL_TOPIC, value, headers=headers, timestamp_ms=stamp, offset=offset)


async def test_a_record_that_came_too_early_may_come_again_as_it_is(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    async def told(offset: int, by: Actor = BILLIE) -> tuple[RequestAnswered, int]:
        said: list[Any] = [
            one.message for one in await testing.deliver(service, context, [early(offset, by)])
        ]
        answers = [one for one in said if isinstance(one, RequestAnswered)]
        return answers[-1], len([one for one in said if isinstance(one, SubmissionReceived)])

    def early(offset: int, by: Actor) -> Any:
        return portal_record(by, NAMED, offset)

    answer, _ = await told(1)
    assert [one.reason for one in answer.problems] == [Reason.ATTACHMENT_UNKNOWN]
    await send(client)  # another holder's: does not count
    answer, _ = await told(2)
    assert [one.reason for one in answer.problems] == [Reason.ATTACHMENT_UNKNOWN]
    await send_as(client, BILLIE)
    answer, submissions = await told(3)
    assert (answer.outcome, submissions) == ("accepted", 1)
    # Another organisation that acts for the payee sees it by the request, as it sees the request; no other does.
    practice = CLINIC.model_copy(update={"organisation_id": uuid4()})
    pat = an("provider_admin", practice)
    await know(pool, practice, pat)
    assert (await read_as(client, pat, request_id=answer.request_id)).content == PDF
    assert (await read_as(client, pat)).status_code == 404
    assert (await read_as(client, OSCAR, request_id=answer.request_id)).status_code == 404
