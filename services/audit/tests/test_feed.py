"""A receiver that begins behind the head of an expired log reads what is missing from audit, and loses nothing."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from running_audit import settings_on, until

from audit.app import service
from chassis import Context, Heard, Say, Service, ServiceSettings, hear, testing
from chassis.run import RunningService
from throughline.answers import RequestAnswered
from throughline.flow import PARKED, Kind, Topic

TOKEN = "token-of-the-feed"
EXPIRED, SAID = 20, 30


class Numbers:
    """What the receiver applied, by the version that each event carries."""

    applied: list[int]

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> Numbers:
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        return None


@pytest.fixture
async def audit(kafka: str, audit_database: str, pool: asyncpg.Pool) -> AsyncIterator[RunningService]:
    await pool.execute("truncate chassis.positions")
    settings = settings_on(kafka, audit_database, check_broker=False, feed_token=TOKEN)
    async with RunningService(service, settings) as running:
        yield running


async def expire(kafka: str, name: str) -> None:
    """As retention does, at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=EXPIRED)})
    await admin.close()


async def test_what_has_expired_comes_from_audit_and_the_rest_from_the_log(
    kafka: str, postgres: Any, audit: RunningService, pool: asyncpg.Pool
) -> None:
    from stack.topics import ensure_topics

    mark = f"t{secrets.token_hex(4)}"
    name = f"answers.feed-{mark}"
    spoken = Topic(
        name, Kind.EVENTS, (f"source-{mark}",), (f"receiver-{mark}",), "key", (RequestAnswered,), partitions=1
    )
    topics = (spoken, PARKED)
    parked: dict[str, tuple[int, dict[str, str]]] = {
        PARKED.of(f"{one}-{mark}"): (1, {}) for one in ("source", "receiver")
    }
    ensure_topics(kafka, {name: (1, {}), **parked})
    applied: list[int] = []

    def keep(heard: Heard[RequestAnswered], work: Numbers, say: Say) -> None:
        applied.append(heard.message.version or 0)

    async def settings(which: str, **changed: Any) -> ServiceSettings:
        database = postgres.make_database(f"{mark}_{which}")
        db = await asyncpg.connect(database)
        await testing.create_chassis_tables_in(db)
        await db.close()
        return ServiceSettings(
            database_url=database, kafka_bootstrap=kafka, http_port=0, session_timeout_s=6.0, **changed
        )

    async with RunningService(Service(f"source-{mark}", topics=topics), await settings("source")) as source:
        for number in range(1, SAID + 1):
            async with source.context.transaction() as tx:
                tx.say(
                    RequestAnswered(outcome="accepted", version=number, request_id=UUID(int=number)),
                    "key",
                    cause=uuid4(),
                    topic=name,
                )

        async def kept() -> bool:
            found = await pool.fetchval("select sum(length) from batches where topic = $1", name)
            return bool(found == SAID)

        await until(kept)
    await expire(kafka, name)

    url = f"http://127.0.0.1:{audit.port}/v1/feed"
    receiver = Service(
        f"receiver-{mark}", hears=[hear(name, work=Numbers, on={RequestAnswered: keep})], topics=topics
    )
    wrong = await settings("receiver", audit_feed_url=url, audit_feed_token="another")
    async with RunningService(receiver, wrong) as held:

        async def refused() -> bool:
            return any(one.get("cause") == "feed_refused" for one in held.context.alarms.raised.values())

        await until(refused)
    assert applied == []
    async with RunningService(receiver, wrong.model_copy(update={"audit_feed_token": _secret(TOKEN)})):

        async def all_of_them() -> bool:
            return len(applied) >= SAID

        await until(all_of_them)
    assert applied == list(range(1, SAID + 1))


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


async def test_the_feed_gives_whole_records_to_its_own_token_alone(audit: RunningService, log: Any) -> None:
    value, headers = b"\xff\x00", (("binary", b"\xfe"), ("null", None))
    await log.keep(
        testing.raw("answers.north", value, key=None, headers=headers, offset=0),
        testing.raw("answers.north", None, offset=1),
        testing.raw("answers.north", b"3", offset=3),
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{audit.port}/v1/feed/answers.north/") as client:
        bearing = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("0", params={"offset": 0})).status_code == 401
        lines = (await client.get("0", params={"offset": 0}, headers=bearing)).text.splitlines()
        assert len(lines) == 2, "up to the hole"
        assert '"value": "/wA="' in lines[0] and '["binary", "/g=="], ["null", null]' in lines[0]
        assert '"key": null' in lines[0] and '"value": null' in lines[1] and '"erased": false' in lines[1]
        assert len((await client.get("0", params={"offset": 3}, headers=bearing)).text.splitlines()) == 1
        assert (await client.get("0", params={"offset": 2}, headers=bearing)).text == ""
