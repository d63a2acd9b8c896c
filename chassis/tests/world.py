"""A real broker and real databases for one test: topics of its own, databases of its own, services in this process."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import wait
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from chain_services import APPLIED, HOPS, Passed, chain_topics, service_name
from confluent_kafka.admin import AdminClient

from chassis import Service, ServiceSettings, testing
from chassis.run import RunningService
from stack.topics import configuration, ensure_topics
from throughline.envelope import Envelope
from throughline.flow import PARKED, REPAIRS, Topic
from throughline.message import Message


@dataclass
class World:
    """Made by the ``world`` fixture; everything it starts ends with the test."""

    infrastructure: Any
    postgres: Any
    partitions: int = 1
    exit: AsyncExitStack = field(default_factory=AsyncExitStack)
    databases: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bootstrap: str = self.infrastructure.kafka_bootstrap
        self.prefix = f"t{secrets.token_hex(4)}"
        self.topics: tuple[Topic, ...] = chain_topics(self.prefix, self.partitions)
        self.producer: AIOKafkaProducer | None = None
        self.make_topics()

    @property
    def heard(self) -> str:
        """The topic that hop 0 hears; ``said`` is the one it speaks."""
        return self.topics[0].name

    @property
    def said(self) -> str:
        return self.topics[1].name

    def name(self, hop: str) -> str:
        """The full name of this test's source, alpha, beta or gamma."""
        return service_name(self.prefix, hop)

    def source(self) -> Service:
        """A service that hears nothing and speaks what hop 0 hears."""
        return Service(self.name("source"), topics=self.topics)

    def make_topics(self) -> None:
        wanted: dict[str, tuple[int, dict[str, str]]] = {REPAIRS.name: (1, configuration(REPAIRS))}
        wanted.update({one.name: (one.partitions, {}) for one in self.topics if not one.is_family})
        wanted.update({PARKED.of(self.name(name)): (1, {}) for name in ("source", *HOPS)})
        ensure_topics(self.bootstrap, wanted)

    def begin_repairs_anew(self) -> None:
        """The topic has one name for all services, and tests of others may have left in it what nobody can read."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        wait(admin.delete_topics([REPAIRS.name]).values(), timeout=20)
        while REPAIRS.name in admin.list_topics(timeout=20).topics:
            time.sleep(0.02)
        ensure_topics(self.bootstrap, {REPAIRS.name: (1, configuration(REPAIRS))})

    def drop_topics(self) -> None:
        """A broker that is killed looks through every log it has when it starts again."""
        names = [one.name for one in self.topics if not one.is_family]
        names += [PARKED.of(self.name(name)) for name in ("source", *HOPS)]
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        wait(admin.delete_topics(names).values(), timeout=20)

    async def database(self, name: str) -> str:
        """The address of this test's database of that name, made at its first use."""
        if name not in self.databases:
            address = self.databases[name] = self.postgres.make_database(f"{self.prefix}_{name}")
            db = await asyncpg.connect(address)
            await testing.create_chassis_tables_in(db)
            await db.execute(APPLIED)
            await db.close()
        return self.databases[name]

    async def settings(self, name: str, **changed: Any) -> ServiceSettings:
        values: dict[str, Any] = {
            "database_url": await self.database(name),
            "kafka_bootstrap": self.bootstrap,
            "http_port": 0,
            "instance_id": f"{name}-{secrets.token_hex(3)}",
            "session_timeout_s": 6.0,
            "heartbeat_interval_s": 0.5,
            "lock_timeout_s": 2.0,
            "graceful_stop_s": 5.0,
        }
        return ServiceSettings(**{**values, **changed})

    async def run(self, service: Service, **changed: Any) -> RunningService:
        """Start a replica of the service in this process."""
        settings = await self.settings(service.name.split("-")[0], **changed)
        return await self.exit.enter_async_context(RunningService(service, settings))

    async def spawn(self, index: int) -> subprocess.Popen[bytes]:
        """A replica of a hop as a process of its own."""
        settings = await self.settings(HOPS[index])
        env = {
            **os.environ,
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "HTTP_PORT": "0",
            "INSTANCE_ID": settings.instance_id,
            "SESSION_TIMEOUT_S": "6",
            "HEARTBEAT_INTERVAL_S": "0.5",
            "LOG_LEVEL": "WARNING",
        }
        script = Path(__file__).with_name("hop_process.py")
        process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            [sys.executable, str(script), str(index), self.prefix, str(self.partitions)], env=env
        )
        self.exit.callback(process.wait)
        self.exit.callback(process.kill)
        return process

    async def send(
        self,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        *,
        key: bytes | None = b"k",
        topic: str | None = None,
        partition: int = 0,
    ) -> int:
        """One record as it is; answers its offset."""
        if self.producer is None:
            self.producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, max_request_size=12_000_000)
            await self.producer.start()
            self.exit.push_async_callback(self.producer.stop)
        sent = await self.producer.send_and_wait(
            topic or self.heard, value, key=key, partition=partition, headers=list(headers)
        )
        offset: int = sent.offset
        return offset

    async def say(
        self,
        sequence: int,
        key: str = "k",
        number: int = 0,
        *,
        id: UUID | None = None,
        partition: int = 0,
        topic: str | None = None,
        value: bytes | None = None,
    ) -> UUID:
        """A whole record of ours, with that sequence."""
        message = Passed(key=key, number=number)
        identity = id or uuid4()
        headers = envelope_of(message, identity, key, sequence).headers()
        body = message.model_dump_json().encode() if value is None else value
        await self.send(body, headers, key=key.encode(), topic=topic, partition=partition)
        return identity

    async def applied(self, name: str = "alpha") -> list[tuple[str, int]]:
        """What that service applied, in order."""
        rows = await self.fetch("select key, number from applied order by at", name=name)
        return [(row[0], row[1]) for row in rows]

    async def fetch(self, query: str, *arguments: Any, name: str = "alpha") -> list[Any]:
        db = await asyncpg.connect(await self.database(name))
        try:
            return list(await db.fetch(query, *arguments))
        finally:
            await db.close()

    async def until_applied(
        self, count: int, name: str = "alpha", timeout_s: float = 30.0
    ) -> list[tuple[str, int]]:
        async def enough() -> bool:
            return len(await self.applied(name)) >= count

        await until(enough, timeout_s)
        return await self.applied(name)

    async def read(self, topic: str) -> list[Any]:
        """Every record of a topic, from start to end, of all partitions."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            count = next((one.partitions for one in self.topics if one.name == topic), 1)
            tps = [TopicPartition(topic, partition) for partition in range(count)]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            records: list[Any] = []
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for found in (await consumer.getmany(timeout_ms=200)).values():
                    records.extend(found)
            return records
        finally:
            await consumer.stop()


def envelope_of(message: Message, identity: UUID, key: str, sequence: int | None) -> Envelope:
    return Envelope.of(
        message, id=identity, source="source", key=key, time=datetime.now(UTC), sequence=sequence
    )


def header(record: Any, name: str) -> str | None:
    return next(
        (value.decode() for found, value in record.headers if found == name and value is not None), None
    )


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float = 30.0) -> None:
    """Wait for a condition; fails the test where it does not come."""
    end = time.monotonic() + timeout_s
    while not await condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


async def until_true(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async def asked() -> bool:
        return condition()

    await until(asked, timeout_s)


def dense_and_ordered(records: Sequence[Any]) -> bool:
    """Each partition holds every sequence 1..n; copies carry the same id."""
    by_partition: dict[int, dict[int, str | None]] = {}
    for record in records:
        seen = by_partition.setdefault(record.partition, {})
        sequence, identity = int(header(record, "ce_sequence") or 0), header(record, "ce_id")
        if seen.setdefault(sequence, identity) != identity:
            return False
    return all(sorted(seen) == list(range(1, len(seen) + 1)) for seen in by_partition.values())
