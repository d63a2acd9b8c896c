"""Validation on a real broker and database: two replicas, shared bills, answers over HTTP, replay from the start."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis import Service
from chassis.run import RunningService
from chassis.topics import partition_for
from stack.topics import configuration, ensure_topics
from throughline.decisions import SubmissionApproved, SubmissionExcepted
from throughline.envelope import Envelope, read_envelope
from throughline.flow import DECISIONS, PARKED, REPAIRS, Kind, topics_heard_by
from throughline.message import Message
from throughline.reasons import Reason
from validation.app import build_resources, service
from validation.settings import ValidationSettings
from validation.testing import authorisation, contract, fees, line, member, payer, provider, received

TOKEN = "token-of-the-test"
PARTITIONS = 4


class World:
    """The topics of validation under names of this test's own, spoken by the test, decided by replicas."""

    def __init__(self, bootstrap: str, database: str, pool: asyncpg.Pool, stack: AsyncExitStack) -> None:
        self.bootstrap, self.database, self.pool, self.stack = bootstrap, database, pool, stack
        self.prefix = f"t{secrets.token_hex(4)}."
        mine = [topic for topic in (*topics_heard_by("validation"), DECISIONS) if topic is not REPAIRS]
        self.topics = [replace(topic, name=self.prefix + topic.name) for topic in mine]
        self.service = Service(
            "validation",
            settings=ValidationSettings,
            hears=[
                replace(one, topics=tuple(self.prefix + name for name in one.topics)) for one in service.hears
            ],
            api=list(service.api),
            start=build_resources,
            topics=[*self.topics, PARKED, REPAIRS],
        )
        wanted: dict[str, tuple[int, dict[str, str]]] = {
            one.name: (one.partitions, configuration(one)) for one in self.topics
        }
        ensure_topics(
            bootstrap, {**wanted, REPAIRS.name: (1, configuration(REPAIRS)), PARKED.of("validation"): (1, {})}
        )
        self.sequences: dict[tuple[str, int], int] = {}

    async def replica(self) -> RunningService:
        settings = ValidationSettings(
            database_url=self.database,
            kafka_bootstrap=self.bootstrap,
            http_port=0,
            instance_id=f"validation-{secrets.token_hex(3)}",
            session_timeout_s=6.0,
            heartbeat_interval_s=0.5,
            slice_records_max=50,
            api_token=TOKEN,
        )
        return await self.stack.enter_async_context(RunningService(self.service, settings))

    async def say(self, messages: Sequence[tuple[str, str, Message]]) -> None:
        """(topic, key, message), numbered as their speaker would."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
            for name, key, message in messages:
                topic = next(one for one in self.topics if one.name == self.prefix + name)
                partition = partition_for(key.encode(), topic.partitions)
                await producer.send(
                    topic.name,
                    message.model_dump_json().encode(),
                    key=key.encode(),
                    partition=partition,
                    headers=self._envelope(message, key, topic.kind, (name, partition)).headers(),
                )

    def _envelope(self, message: Message, key: str, kind: Kind, at: tuple[str, int]) -> Envelope:
        sequence = None
        if kind is Kind.EVENTS:
            sequence = self.sequences[at] = self.sequences.get(at, 0) + 1
        return Envelope.of(
            message, id=uuid4(), source="test", key=key, time=datetime.now(UTC), sequence=sequence
        )

    async def decisions(self) -> list[tuple[Envelope, Message]]:
        """Everything said on `decisions`, from its start, each event once: of a replica that is slow to send another
        sends the pack as well."""
        name = self.prefix + DECISIONS.name
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False) as consumer:
            partitions = [TopicPartition(name, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: dict[UUID, tuple[Envelope, Message]] = {}
            while any([await consumer.position(one) < ends[one] for one in partitions]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        envelope, message = decoded(record)
                        found.setdefault(envelope.id, (envelope, message))
        return list(found.values())

    async def decided(self, count: int) -> None:
        async def enough() -> bool:
            return bool(await self.pool.fetchval("select count(*) from versions") >= count)

        await until(enough)

    async def all_sent(self) -> None:
        async def empty() -> bool:
            return not await self.pool.fetchval("select count(*) from chassis.outbox")

        await until(empty)


def decoded(record: Any) -> tuple[Envelope, Message]:
    envelope = read_envelope(record.headers)
    model = envelope.message_class()
    assert model is not None
    return envelope, model.model_validate_json(record.value)


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not await condition():  # noqa: ASYNC110  neither broker nor database tells by itself
            await asyncio.sleep(0.05)


@pytest.fixture
async def world(kafka: str, validation_database: str, pool: asyncpg.Pool) -> AsyncIterator[World]:
    await pool.execute("truncate chassis.positions, chassis.counters, chassis.parked")
    async with AsyncExitStack() as stack:
        made = World(kafka, validation_database, pool, stack)
        yield made


async def recorded(world: World) -> None:
    entities = [
        ("payers", payer()),
        ("providers", provider()),
        ("contracts", contract()),
        ("fee-schedules", fees()),
        ("authorisations", authorisation()),
    ]
    await world.say([(f"reference.{name}", "k", entity) for name, entity in entities])

    async def all_there() -> bool:
        return bool(await world.pool.fetchval("select count(*) from reference") == len(entities))

    await until(all_there)


async def test_two_replicas_pay_each_bill_once_and_replay_changes_nothing(
    world: World, pool: asyncpg.Pool
) -> None:
    first = await world.replica()
    await recorded(world)
    await world.replica()
    bills = 300
    twins = [
        received(f"{channel}{number}", subject=member(number), lines=(line(charge_cents=1_000 + number),))
        for number in range(bills)
        for channel in "AB"
    ]
    await world.say([("submissions", str(one.request_id), one) for one in twins])
    await world.decided(2 * bills)
    await world.all_sent()

    said = await world.decisions()
    approved = [message for _, message in said if isinstance(message, SubmissionApproved)]
    excepted = [message for _, message in said if isinstance(message, SubmissionExcepted)]
    assert (len(approved), len(excepted)) == (bills, bills)
    assert {one.reason for one in excepted} == {Reason.DUPLICATE}
    assert {one.other_request_id for one in excepted} == {one.request_id for one in approved}
    charges = sorted(one.adjudication.charge_cents for one in approved)
    assert charges == [1_000 + number for number in range(bills)]
    for envelopes in by_partition(said).values():
        assert sorted(envelopes) == list(range(1, len(envelopes) + 1))

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{first.port}/v1") as client:
        assert (await client.get("/reviews")).status_code == 401
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        queue = (await client.get("/reviews", params={"state": "exception", "limit": 7})).json()
        assert len(queue["reviews"]) == 7 and queue["next"]

    await world.stack.aclose()
    before = await pool.fetch("select request_id, version, state, latest_event from versions order by 1, 2")
    await pool.execute("truncate chassis.positions")
    await world.replica()

    async def read_again() -> bool:
        applied = await pool.fetchval(
            "select coalesce(sum(applied), 0) from chassis.positions where topic = $1",
            f"{world.prefix}submissions",
        )
        return bool(applied == 2 * bills)

    await until(read_again)
    await world.all_sent()
    assert (
        await pool.fetch("select request_id, version, state, latest_event from versions order by 1, 2")
        == before
    )
    assert len(await world.decisions()) == len(said)


def by_partition(said: list[tuple[Envelope, Message]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for envelope, _ in said:
        assert envelope.sequence is not None
        found.setdefault(partition_for(envelope.subject.encode(), PARTITIONS), []).append(envelope.sequence)
    return found
