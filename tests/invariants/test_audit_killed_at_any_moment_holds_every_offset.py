"""I7: audit holds every offset of every topic, and each new root extends the last, whoever is killed meanwhile.

Two replicas of audit run as processes of their own beside a speaker that never rests, and are killed with SIGKILL at
seeded moments, always with records in flight.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from audit.log_ends import ask_broker
from audit.packs import records_at
from audit.settings import Settings
from audit.verify import Report, verify
from stack.topics import ensure_flow_topics
from throughline import flow

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases

KILLS = 6
PARTNER = "killed-audit"
SPOKEN = ("submissions", "decisions", "repairs", f"intake.{PARTNER}")
# A shared broker may have partners of other tests, whose topics were never made.
OF_OTHERS = {"missing topic"}

Place = tuple[str, int, int]


class Speaker:
    """Says records on several topics without a pause, and remembers where each came to stand."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self.said: dict[Place, bytes] = {}
        self._done = asyncio.Event()

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[Speaker]:
        task = asyncio.create_task(self._speak())
        try:
            yield self
        finally:
            self._done.set()
            await task

    async def _speak(self) -> None:
        random_bytes = random.Random(11)
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all") as producer:
            while not self._done.is_set():
                values = [random_bytes.randbytes(40) for _ in range(20)]
                sent = [
                    await producer.send(topic, value, key=value[:4]) for value in values for topic in SPOKEN
                ]
                for value, at in zip(
                    (one for one in values for _ in SPOKEN), await asyncio.gather(*sent), strict=True
                ):
                    self.said[at.topic, at.partition, at.offset] = hashlib.sha256(value).digest()
                await asyncio.sleep(0.04)  # some 1,500 records a second: enough to be always in flight


class Replicas:
    """Two audit processes by name."""

    def __init__(self, database_url: str, bootstrap: str) -> None:
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "KAFKA_BOOTSTRAP": bootstrap,
            "HTTP_PORT": "0",
            "STACK_MODE": "sandbox",
            "STATIC_MEMBERSHIP": "true",
            "SESSION_TIMEOUT_S": "6",
            "HEARTBEAT_INTERVAL_S": "0.5",
            "LOG_LEVEL": "WARNING",
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def migrate(self) -> None:
        subprocess.run([sys.executable, "-m", "audit", "migrate"], env=self._environment, check=True)

    def start(self, name: str) -> None:
        environment = {**self._environment, "INSTANCE_ID": f"{name}-{os.getpid()}"}
        self._running[name] = subprocess.Popen([sys.executable, "-m", "audit", "run"], env=environment)

    def kill(self, name: str) -> None:
        process = self._running.pop(name)
        assert process.poll() is None, "it had ended by itself"
        process.kill()
        process.wait()

    def kill_all(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def kept(db: asyncpg.Connection) -> int:
    count: int = await db.fetchval("select coalesce(sum(length), 0) from batches")
    return count


async def roots(db: asyncpg.Connection) -> dict[int, str]:
    return {size: root.hex() for size, root in await db.fetch("select size, root from roots")}


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_audit_killed_at_any_moment_holds_every_offset(kafka: str, postgres: Databases) -> None:
    ensure_flow_topics(kafka, [PARTNER])
    database_url = postgres.make_database("audit_killed")
    replicas = Replicas(database_url, kafka)
    replicas.migrate()
    db = await asyncpg.connect(database_url)
    remembered: dict[int, str] = {}
    try:
        for name in ("one", "two"):
            replicas.start(name)
        async with Speaker(kafka).speaking() as speaker:
            await kill_again_and_again(replicas, db, remembered)
        settings = Settings(database_url=database_url, kafka_bootstrap=kafka)
        report = await verified(db, settings, remembered)
        assert set(report.findings.counts) <= OF_OTHERS, report.findings.kept
        assert report.size == await kept(db)
        assert len(remembered) >= KILLS
        assert await records_of(db, speaker.said) == speaker.said
    finally:
        replicas.kill_all()
        await db.close()


async def kill_again_and_again(
    replicas: Replicas, db: asyncpg.Connection, remembered: dict[int, str]
) -> None:
    seeded = random.Random(3)

    async def moved_on(before: int, appended: int) -> bool:
        return await kept(db) > before + 200 and len(await roots(db)) > appended

    for _ in range(KILLS):
        appended = await roots(db)
        await until(partial(moved_on, await kept(db), len(appended)))
        remembered.update(await roots(db))
        await asyncio.sleep(seeded.uniform(0, 0.5))
        victim = seeded.choice(["one", "two"])
        replicas.kill(victim)
        replicas.start(victim)


async def verified(db: asyncpg.Connection, settings: Settings, remembered: dict[int, str]) -> Report:
    steps: Any = verify(db, partial(ask_broker, settings), remembered=remembered, settle_seconds=60)
    *_, report = [step async for step in steps]
    assert isinstance(report, Report)
    return report


async def records_of(db: asyncpg.Connection, places: dict[Place, bytes]) -> dict[Place, bytes]:
    """The hash of each value that audit holds, for the places asked for."""
    found: dict[Place, bytes] = {}
    topics = sorted({topic for topic, _, _ in places})
    for row in await db.fetch("select * from batches where topic = any($1)", topics):
        for position, record in records_at(row["records"], range(row["length"])).items():
            place = (row["topic"], row["partition"], row["first_offset"] + position)
            if place in places and record.value is not None:
                found[place] = hashlib.sha256(record.value).digest()
    return found


def test_every_topic_of_the_map_is_heard_by_audit() -> None:
    assert [topic.name for topic in flow.TOPICS if "audit" not in topic.hears] == []
