"""Audit on a real broker: hears every topic of the map and a new partner's, seals them, answers over HTTP."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer
from running_audit import settings_on, until

from audit.app import service
from audit.proof import check
from audit.settings import Settings
from chassis.run import RunningService
from throughline import flow

TOKEN = "token-of-the-test"


@pytest.fixture(scope="module")
def topics(kafka: str) -> str:
    """Every topic of the map stands on the broker."""
    from stack.topics import configuration, ensure_topics

    ensure_topics(
        kafka, {name: (topic.partitions, configuration(topic)) for name, topic in flow.fixed_topics().items()}
    )
    return kafka


@pytest.fixture
async def producer(topics: str) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=topics) as made:
        yield made


@pytest.fixture
async def audit(topics: str, audit_database: str, pool: asyncpg.Pool) -> AsyncIterator[RunningService]:
    await pool.execute("truncate chassis.positions")
    async with RunningService(service, settings_on(topics, audit_database, api_token=TOKEN)) as running:
        yield running


@pytest.fixture
async def http(audit: RunningService) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{audit.port}/v1", headers=headers, timeout=60
    ) as client:
        yield client


async def verified(http: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await http.post("/verify", params=query)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    report: dict[str, Any] = lines[-1]["report"]
    return report


async def test_a_record_of_every_topic_is_kept_with_its_bytes_and_proven(
    http: httpx.AsyncClient, producer: AIOKafkaProducer
) -> None:
    marker = uuid4().bytes
    sent = []
    for name in flow.fixed_topics():
        headers = [("marker", marker), ("null", None)]
        sent.append(await producer.send_and_wait(name, b"\xff\x00" + marker, key=None, headers=headers))
        sent.append(await producer.send_and_wait(name, None, key=b"k"))

    async def proof_of(place: Any) -> Any:
        answer = await http.get(
            f"/proofs/{place.topic}/{place.partition}/{place.offset}", params={"value": True}
        )
        return answer.json() if answer.status_code == 200 else None

    for place in sent:
        proof = await until(partial(proof_of, place))
        check(proof)
        assert proof["record"]["offset"] == place.offset
    assert proof["record"]["value_commitment"] is None
    check(await proof_of(sent[0]), value=b"\xff\x00" + marker)


async def test_coordinates_and_sizes_beyond_all_counting_are_refused(http: httpx.AsyncClient) -> None:
    far = 10**30
    paths = (
        f"/records/people/{far}/0",
        f"/records/people/0/{far}",
        f"/records/people/0/{2**63}",
        f"/proofs/people/0/{far}",
        f"/root?size={far}",
        f"/proofs/people/0/0?size={far}",
        f"/consistency?first=1&second={far}",
    )
    assert {path: (await http.get(path)).status_code for path in paths} == dict.fromkeys(paths, 422)
    assert (await http.get(f"/root?size={2**63 - 1}")).status_code == 404


async def test_a_new_partners_topic_is_heard_within_seconds_and_the_whole_log_verifies(
    http: httpx.AsyncClient, producer: AIOKafkaProducer, topics: str
) -> None:
    from stack.topics import configuration, ensure_topics

    partner = f"p{secrets.token_hex(4)}"
    await asyncio.to_thread(
        ensure_topics,
        topics,
        {
            name: (topic.partitions, configuration(topic))
            for name, topic in flow.partner_topics(partner).items()
        },
    )
    for number in range(50):
        await producer.send(f"intake.{partner}", b"%d" % number, key=b"%d" % number)
    await producer.flush()

    async def held() -> Any:
        report = await verified(http, broker=False)
        return sum(one["to"] - one["from"] for one in report["partitions"] if partner in one["topic"]) == 50

    await until(held)
    report = await verified(http)
    # Other tests of the same run may register partners without topics; what was heard must be whole.
    assert set(report["finding_counts"]) <= {"missing topic", "partition count"}, report["findings"]
    assert report["size"] == sum(one["to"] - one["from"] for one in report["partitions"])
    root = (await http.get("/root")).json()
    again = await verified(http, size=root["size"], root=root["root"])
    assert "remembered root differs" not in again["finding_counts"]
    forged = await verified(http, size=root["size"], root="00" * 32)
    assert forged["finding_counts"]["remembered root differs"] == 1


async def test_a_restarted_audit_hears_on_where_it_was(
    topics: str, audit_database: str, pool: asyncpg.Pool, producer: AIOKafkaProducer
) -> None:
    await pool.execute("truncate chassis.positions")

    async def held() -> int:
        total: int | None = await pool.fetchval("select sum(length) from batches where topic = 'orders'")
        return total or 0

    async def run_until(count: int) -> None:
        async def reached() -> bool:
            return await held() >= count

        async with RunningService(service, settings_on(topics, audit_database)):
            await until(reached)

    await producer.send_and_wait("orders", b"1", key=b"k")
    await run_until(1)
    before = await held()
    for number in range(20):
        await producer.send_and_wait("orders", b"%d" % number, key=b"k")
    await run_until(before + 20)
    assert await held() == before + 20
    holes = await pool.fetchval(
        """
        select count(*) from (
            select first_offset - lag(first_offset + length) over (partition by topic, partition order by first_offset)
                   as hole from batches
        ) as run where hole <> 0
        """
    )
    assert holes == 0


async def test_http_asks_for_the_token(audit: RunningService) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{audit.port}") as client:
        assert (await client.get("/v1/root")).status_code == 401
        assert (await client.get("/v1/root", headers={"Authorization": "Bearer x"})).status_code == 401
        assert (await client.get("/live")).status_code == 200


async def test_a_live_stack_without_a_token_does_not_start() -> None:
    with pytest.raises(ValueError, match="API_TOKEN must be set"):
        Settings(database_url="postgresql://x/y", stack_mode="live")


async def test_every_route_answers(
    http: httpx.AsyncClient, producer: AIOKafkaProducer, example: Any, log: Any
) -> None:
    received = example("SubmissionReceived", "first")
    request_id = str(received.request_id)
    record = log.record(received, "submissions", request_id, request_id)
    sent = await producer.send_and_wait(
        "submissions", record.value, key=record.key, headers=list(record.headers), partition=1
    )
    place = f"{sent.topic}/{sent.partition}/{sent.offset}"

    async def proven() -> bool:
        return (await http.get(f"/proofs/{place}")).status_code == 200

    await until(proven)
    timeline = (await http.get(f"/requests/{request_id}/timeline")).json()
    assert timeline["state"] == "Submitted"
    assert timeline["versions"][0]["steps"][0]["type"] == "SubmissionReceived"
    assert (await http.get(f"/requests/{uuid4()}/timeline")).status_code == 404
    messages = (await http.get("/messages", params={"correlation": request_id})).json()["messages"]
    assert [each["type"] for each in messages] == ["SubmissionReceived"] * len(messages)
    assert (await http.get(f"/records/{place}")).json()["offset"] == sent.offset

    head = (await http.get("/root")).json()
    assert (await http.get("/root", params={"size": head["size"]})).json() == head
    assert (await http.get("/root", params={"size": head["size"] + 10**9})).status_code == 404
    assert (await http.get("/checkpoint")).text.startswith("throughline/audit\n")
    assert (await http.get("/checkpoint/key")).status_code == 404
    same = await http.get("/consistency", params={"first": head["size"], "second": head["size"]})
    assert same.json()["path"] == []
    assert (await http.post("/verify", params={"size": 3})).status_code == 422

    erasure = {
        "topic": sent.topic,
        "partition": sent.partition,
        "offset": sent.offset,
        "actor": "a",
        "note": "n",
    }
    before = check((await http.get(f"/proofs/{place}", params={"size": head["size"]})).json())
    assert (await http.post("/erasures", json=erasure)).status_code == 204
    assert (await http.post("/erasures", json={**erasure, "offset": 10**9})).status_code == 404
    shown = (await http.get(f"/records/{place}")).json()
    assert (shown["erased"], shown["message"]) == (True, None)
    assert check((await http.get(f"/proofs/{place}", params={"size": head["size"]})).json()) == before
