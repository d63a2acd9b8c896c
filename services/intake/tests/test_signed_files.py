"""A file of the portal is signed, and each of its claims is of a payee of who signed it, or refused alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import asyncpg
import httpx
import pytest
from claim_files import HEADER, row, said

from chassis import Context, testing
from chassis.http import build_app
from chassis.security import logger as security_log
from chassis.testing_people import OPERATIONS, Actor, an, know
from intake.api import router
from intake.app import service
from intake.read_files import read_waiting_files
from throughline.identifiers import payee_id_for
from throughline.people import OrganisationRecorded
from throughline.reasons import Reason
from throughline.reference import PartnerRegistered
from throughline.signed_http import Call, content_digest

OTHERS_NPI = "1003000126"
OTHERS = UUID(int=8)
CLINIC = OrganisationRecorded(
    organisation_id=UUID(int=7),
    version=1,
    kind="biller",
    payees=(payee_id_for("npi", "1234567893"),),
)
BILLIE, REVA = an("biller", CLINIC), an("reviewer")


def file_of(*rows: str) -> bytes:
    return "\r\n".join((HEADER, *rows, "")).encode()


MINE = file_of(row("A-1"))
MIXED = file_of(row("A-1"), row("B-1").replace("1234567893", OTHERS_NPI), row("A-2"))


@pytest.fixture
async def client(context: Context, pool: asyncpg.Pool) -> AsyncIterator[httpx.AsyncClient]:
    await know(pool, OPERATIONS, CLINIC, BILLIE, REVA)
    hashed = sha256(b"portal-key-0123456789").hexdigest()
    partner = PartnerRegistered(partner="portal", version=1, name="portal", api_key_sha256=hashed)
    await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    app = build_app("intake", [router], context, Mock())
    bearer = {"Authorization": "Bearer portal-key-0123456789"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers=bearer) as made:
        yield made


async def send(
    client: httpx.AsyncClient,
    content: bytes,
    by: Actor | None = BILLIE,
    *,
    key: str = "f-1",
    signed_content: bytes | None = None,
    signed_key: str | None = None,
) -> httpx.Response:
    digest = content_digest(sha256(signed_content or content).digest())
    headers = {"Idempotency-Key": key, "Content-Type": "text/csv", "Content-Digest": digest}
    if by is not None:
        call = Call("throughline.SendFile", "POST", "/v1/files", digest, signed_key or key)
        headers["Throughline-Signature"] = by.sign(
            call.value, message=call.what, id=call.id, topic=call.target, at=datetime.now(UTC)
        ).decode()
    return await client.post("/v1/files", content=content, headers=headers)


async def results(client: httpx.AsyncClient, context: Context, sent: httpx.Response) -> list[tuple[Any, Any]]:
    await read_waiting_files(context)
    shown = (await client.get(sent.headers["location"])).json()
    return [
        (one["outcome"], one["problems"][0]["reason"] if one["problems"] else None)
        for one in shown["results"]
    ]


async def test_a_claim_for_anothers_payee_is_refused_alone_and_noticed(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    sent = await send(client, MIXED)
    assert sent.status_code == 202
    with caplog.at_level("WARNING", logger=security_log.name):
        assert await results(client, context, sent) == [
            ("accepted", None),
            ("refused", "payee_not_yours"),
            ("accepted", None),
        ]
    assert [one.getMessage().rpartition(" ")[2] for one in caplog.records] == ["payee_not_yours"]
    answers, submissions = await said(pool)
    assert [one.submitted_by for one in submissions] == [BILLIE.person_id] * 2
    assert len(answers) == 3 and answers[1].problems[0].field == "request.payee"


async def test_what_another_sent_is_not_voided_by_a_file(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    await results(client, context, await send(client, MINE))
    stranger = OrganisationRecorded(organisation_id=OTHERS, version=1, kind="biller", payees=())
    eve = an("biller", stranger)
    await know(pool, stranger, eve)
    void = await send(client, file_of(row("A-1", frequency="8")), eve, key="f-2")
    assert await results(client, context, void) == [("refused", "payee_not_yours")]
    own = await send(client, file_of(row("A-1", frequency="8")), key="f-3")
    assert await results(client, context, own) == [("accepted", None)]


UNBELIEVED: dict[str, tuple[dict[str, Any], int, str]] = {
    "unsigned": ({"by": None}, 403, Reason.UNSIGNED),
    "of operations": ({"by": REVA}, 403, Reason.ROLE_MISSING),
    "nobody we know": ({"by": an("biller", CLINIC)}, 403, Reason.KEY_UNKNOWN),
    "another file": ({"signed_content": MIXED}, 422, "content_digest"),
    "another key": ({"signed_key": "f-0"}, 403, Reason.SIGNATURE_ALTERED),
}


@pytest.mark.parametrize("attempt", UNBELIEVED)
async def test_what_is_not_so_signed_is_not_kept(
    client: httpx.AsyncClient, pool: asyncpg.Pool, attempt: str
) -> None:
    how, status, reason = UNBELIEVED[attempt]
    answer = await send(client, MINE, **how)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert await pool.fetchval("select count(*) from files") == 0


async def test_who_is_shut_out_before_the_file_is_read_no_longer_counts(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    sent = await send(client, MINE)
    await know(pool, BILLIE.record(version=2, active=False))
    assert await results(client, context, sent) == [("refused", "person_inactive")]


async def test_one_request_of_the_portal_comes_on_its_topic_alone(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/requests", json={}, headers={"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json()["reason"]) == (403, "unsigned")
