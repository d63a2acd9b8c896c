"""Files of claims: taken in once, an answer for each claim, nothing of a file that is not whole, progress survives."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from claim_files import claims_837, claims_csv, read, row, said, send, told
from claim_files import client as client

from chassis import Context
from intake.read_files import read_waiting_files


@pytest.mark.parametrize("kind", ["application/edi-x12", "application/octet-stream"])
async def test_every_claim_of_an_837p_is_answered(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool, kind: str
) -> None:
    shown = await read(client, context, claims_837("A-1", "A-2", "A-1"), kind=kind)
    assert (shown["format"], shown["state"], shown["claims"], shown["answered"]) == ("837p", "answered", 3, 3)
    assert shown["outcomes"] == {"accepted": 2, "repeated": 1}
    answers, submissions = await said(pool)
    assert [one.receipt.position for one in answers if one.receipt] == [1, 2, 3]
    assert {str(one.receipt.receipt_id) for one in answers if one.receipt} == {shown["receipt_id"]}
    assert [(one.channel, one.request.number) for one in submissions] == [("837p", "A-1"), ("837p", "A-2")]
    assert submissions[1].receipt == answers[1].receipt


async def test_claims_of_a_csv_one_by_one(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    shown = await read(
        client, context, claims_csv(row("A-1"), row("A-2", total="x"), row("A-3", total="0"), row("A-4"))
    )
    assert told(shown) == [
        ("A-1", "accepted", None),
        ("A-2", "refused", "format"),
        ("A-3", "refused", "amount_range"),
        ("A-4", "accepted", None),
    ]
    answers, submissions = await said(pool)
    assert len(answers) == 4 and len(submissions) == 2


async def test_replacements_and_voids_name_the_claim_or_share_its_number(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    first = await read(client, context, claims_csv(row("A-1"), row("B-1")), key="f-1")
    claim = first["results"][0]["payer_claim_number"]
    second = await read(
        client,
        context,
        claims_csv(
            row("A-1R", frequency="7", claim=claim, total="99"),
            row("B-1", frequency="8"),
            row("C-1", frequency="7", total="5"),
            row("D-1", frequency="8", claim="T0000000000000000"),
        ),
        key="f-2",
    )
    assert [(one["outcome"], one["version"]) for one in second["results"]] == [
        ("accepted", 2),
        ("accepted", 2),
        ("refused", None),
        ("refused", None),
    ]
    assert second["results"][0]["request_id"] == first["results"][0]["request_id"]
    assert [one["problems"][0]["reason"] for one in second["results"][2:]] == ["unknown_request"] * 2
    _, submissions = await said(pool)
    assert [(one.version, one.replaces_version, one.request.version) for one in submissions[2:]] == [
        (2, 1, 2)
    ] * 2
    third = await read(
        client, context, claims_csv(row("A-1R", frequency="7", claim=claim, total="99")), key="f-3"
    )
    assert told(third) == [("A-1R", "repeated", None)]


async def test_an_old_file_of_replacements_sent_again_does_not_flip_the_claim_back(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    first = await read(client, context, claims_csv(row("A-1")), key="f-1")
    claim = first["results"][0]["payer_claim_number"]
    older, newer = (claims_csv(row("A-1", frequency="7", claim=claim, total=total)) for total in ("99", "88"))
    for key, content in (("f-2", older), ("f-3", newer)):
        assert told(await read(client, context, content, key=key)) == [("A-1", "accepted", None)]
    again = await read(client, context, older, key="f-4")
    assert [(one["outcome"], one["version"]) for one in again["results"]] == [("repeated", 2)]
    _, submissions = await said(pool)
    assert [one.version for one in submissions] == [1, 2, 3]


async def test_a_replacement_by_another_payee_is_of_no_request(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    """Else a request would change hands: what one payee was approved for would be paid to another."""
    first = await read(client, context, claims_csv(row("A-1")), key="f-1")
    claim = first["results"][0]["payer_claim_number"]
    other = row("A-2", frequency="7", claim=claim).replace("1234567893", "1558598797")
    second = await read(client, context, claims_csv(other, row("A-3", frequency="7", claim=claim)), key="f-2")
    assert told(second) == [("A-2", "refused", "unknown_request"), ("A-3", "accepted", None)]


async def test_nothing_of_a_file_that_is_not_whole_is_taken_in(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    shown = await read(client, context, claims_837("A-1", "A-2", cut=30), kind="application/edi-x12")
    assert shown["state"] == "refused" and shown["problems"]
    assert [one["outcome"] for one in shown["results"]] == ["refused", "refused"]
    answers, submissions = await said(pool)
    assert submissions == [] and [one.outcome for one in answers] == ["refused", "refused"]
    again = await read(client, context, claims_837("A-1", "A-2"), key="f-2", kind="application/edi-x12")
    assert again["outcomes"] == {"accepted": 2}


@pytest.mark.parametrize("content", [b"", b"\n", b"not a file of claims", b"ISA*", b"\x00\xff" * 500])
async def test_a_file_without_claims_has_one_answer(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool, content: bytes
) -> None:
    shown = await read(client, context, content, kind="application/octet-stream")
    assert (shown["state"], shown["claims"]) == ("refused", 0)
    answers, submissions = await said(pool)
    assert submissions == [] and [one.outcome for one in answers] == ["refused"]
    assert answers[0].problems


async def test_the_same_key_and_file_is_taken_in_once(client: httpx.AsyncClient, context: Context) -> None:
    shown = await read(client, context, claims_csv(row("A-1")))
    again = await send(client, claims_csv(row("A-1")))
    assert (again.status_code, again.json()["outcomes"]) == (200, shown["outcomes"])
    other = await send(client, claims_csv(row("A-2")))
    assert (other.status_code, other.json()["reason"]) == (422, "conflict")
    resent = await read(client, context, claims_csv(row("A-1")), key="f-2")
    assert told(resent) == [("A-1", "repeated", None)]


async def test_a_file_is_gone_on_with_where_its_reader_died(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader dies after the second chunk; the next one goes on after the last claim that was answered."""
    import intake.read_files as module

    object.__setattr__(context.settings, "file_claims_per_transaction", 2)
    answer_chunk, done = module._answer_chunk, 0

    async def die_later(*of: Any) -> int:
        nonlocal done
        if done == 2:
            raise asyncio.CancelledError
        done += 1
        return await answer_chunk(*of)

    await send(client, claims_csv(*(row(f"A-{n}") for n in range(7))))
    monkeypatch.setattr(module, "_answer_chunk", die_later)
    with pytest.raises(asyncio.CancelledError):
        await read_waiting_files(context)
    monkeypatch.undo()
    assert await pool.fetchval("select answered from files") == 4
    await read_waiting_files(context)
    assert await pool.fetchval("select state from files") == "waiting", "another's until its lease ends"
    await pool.execute("update files set worked_until = '-infinity'")
    await read_waiting_files(context)
    answers, submissions = await said(pool)
    assert [one.outcome for one in answers] == ["accepted"] * 7 and len(submissions) == 7


async def test_of_two_readers_of_one_file_one_goes_on(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    import intake.read_files as module
    from intake.files import TakenOver, next_file

    object.__setattr__(context.settings, "file_claims_per_transaction", 1)
    await send(client, claims_csv(*(row(f"A-{n}") for n in range(9))))
    file = await next_file(pool, 60)
    assert file is not None
    ends = await asyncio.gather(*(module._read(file, context) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(end, TakenOver) for end in ends) == 2
    answers, submissions = await said(pool)
    assert len(answers) == len(submissions) == 9


async def test_results_can_be_paged_and_downloaded_without_formulas(
    client: httpx.AsyncClient, context: Context
) -> None:
    shown = await read(client, context, claims_csv(*(row(f"A-{n}") for n in range(250)), row("=1+1")))
    assert len(shown["results"]) == 200
    url = f"/v1/files/{shown['receipt_id']}"
    rest = (await client.get(url, params={"after": "200"})).json()
    assert [one["position"] for one in rest["results"]] == list(range(201, 252))
    reply = await client.get(f"{url}/claims.csv")
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert len(rows) == 251 and rows[0]["outcome"] == "accepted" and rows[-1]["outcome"] == "refused"
    assert not any(cell.startswith("=") for one in rows for cell in one.values())
    assert (await client.get(url, params={"after": "-1"})).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer no-such-key-0123456789"}, 401),
        ({"Idempotency-Key": ""}, 400),
        ({"Content-Type": "application/pdf"}, 415),
        ({"Content-Length": "9999999999"}, 413),
    ],
)
async def test_the_call_itself(client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    sent = {"Idempotency-Key": "f-1", "Content-Type": "text/csv"} | headers
    reply = await client.post("/v1/files", content=claims_csv(row("A-1")), headers=sent)
    assert reply.status_code == status and reply.headers["content-type"] == "application/problem+json"


async def test_a_body_larger_than_the_limit_is_not_kept(
    client: httpx.AsyncClient, context: Context, pool: asyncpg.Pool
) -> None:
    object.__setattr__(context.settings, "file_bytes_max", 1000)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 300

    reply = await client.post(
        "/v1/files", content=endless(), headers={"Idempotency-Key": "f", "Content-Type": "text/csv"}
    )
    assert reply.status_code == 413 and await pool.fetchval("select count(*) from files") == 0


async def test_another_partners_file_does_not_exist(client: httpx.AsyncClient, context: Context) -> None:
    shown = await read(client, context, claims_csv(row("A-1")))
    for path in ("", "/claims.csv"):
        reply = await client.get(
            f"/v1/files/{shown['receipt_id']}{path}", headers={"Authorization": "Bearer beta-key-0123456789"}
        )
        assert reply.status_code == 404
