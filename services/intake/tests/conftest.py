"""A migrated database of intake's own, emptied before each test; and intake running on a real broker."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from confluent_kafka import Consumer, KafkaException, Producer

from chassis import Context, FixedClock, testing
from stack.topics import ensure_flow_topics
from throughline.answers import RequestAnswered
from throughline.envelope import Envelope
from throughline.parked import RecordParked
from throughline.reference import PartnerRegistered

sys.path.insert(0, str(Path(__file__).parent))  # tests share what they send

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases


@pytest.fixture(scope="session")
def intake_database(postgres: Databases) -> str:
    return testing.migrated("intake", postgres.make_database("intake"))


@pytest.fixture
async def pool(intake_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with testing.emptied(
        intake_database,
        "truncate partners, messages, requests, bodies, files, file_parts, file_claims, "
        "attachments, attachment_parts, named_attachments",
        "truncate chassis.outbox, chassis.counters, chassis.parked, chassis.positions",
        connections_max=8,
    ) as made:
        yield made


@pytest.fixture
async def context(pool: asyncpg.Pool) -> Context:
    from intake.app import service
    from intake.attachment_keys import AttachmentKeys
    from intake.registration import Registrations
    from intake.resources import Resources
    from intake.settings import Settings

    settings = Settings(database_url="postgresql://nowhere", body_wait_s=0.5)
    resources = Resources(Registrations(0), AttachmentKeys({"k": bytes(32)}, "k"))
    clock = FixedClock(datetime(2026, 11, 16, 15, 0, tzinfo=UTC))
    return testing.context_for(service, pool, clock=clock, settings=settings, resources=resources)


# One intake process on a broker of its own: the topics of the map have fixed names, and their logs are numbered.


@dataclass
class RunningIntake:
    """Intake as its partners see it: topics to write to, answers to read. Also what operators see: parked bytes."""

    bootstrap: str
    dsn: str
    port: int
    heard: dict[tuple[str, int, int], RequestAnswered] = field(default_factory=dict)
    parked: dict[tuple[str, int, int], RecordParked] = field(default_factory=dict)
    submissions: list[Any] = field(default_factory=list)
    firsts: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._producers: dict[str, Producer] = {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "watcher",
                "auto.offset.reset": "earliest",
                "topic.metadata.refresh.interval.ms": 500,
            }
        )
        self._consumer.subscribe(["^answers\\..*", "parked.intake", "submissions"])

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
        partition: int = 0,
        codec: str = "none",
        timestamp_ms: int = 0,
    ) -> tuple[str, int, int]:
        """Produce one record and return where it stands. Raises KafkaException where the broker refuses it."""
        producer = self._producers.setdefault(
            codec,
            Producer(
                {
                    "bootstrap.servers": self.bootstrap,
                    "compression.type": codec,
                    "message.max.bytes": 20_000_000,
                    "linger.ms": 0,
                }
            ),
        )
        done: list[tuple[Any, Any]] = []
        producer.produce(
            topic,
            value,
            key,
            partition=partition,
            headers=list(headers),
            timestamp=timestamp_ms,
            on_delivery=lambda error, message: done.append((error, message)),
        )
        producer.flush(15)
        error, message = done[0]
        if error is not None:
            raise KafkaException(error)
        return topic, message.partition(), message.offset()

    def answer(self, at: tuple[str, int, int], within_s: float = 20.0) -> RequestAnswered:
        """The first answer to the record at these coordinates."""
        self._watch(lambda: at in self.heard, within_s, f"no answer to {at}")
        return self.heard[at]

    def parked_at(self, at: tuple[str, int, int], within_s: float = 20.0) -> RecordParked:
        self._watch(lambda: at in self.parked, within_s, f"{at} is not parked")
        return self.parked[at]

    def kept(self, at: tuple[str, int, int]) -> bytes | None:
        """The parked bytes in intake's own table."""
        query = 'select value from chassis.parked where topic = $1 and partition = $2 and "offset" = $3'
        value: bytes | None = self._ask(query, *at)
        return value

    def kept_answered(self, at: tuple[str, int, int]) -> bytes | None:
        """The bytes of what was accepted, refused or in conflict, in intake's own table."""
        value: bytes | None = self._ask("select body from bodies where source = $1", "/".join(map(str, at)))
        return value

    def register(self, partner: str, version: int = 1) -> None:
        """Its API key is ``<partner>-key-0123456789``. Returns once intake has heard it."""
        ensure_flow_topics(self.bootstrap, [partner])
        key_sha256 = sha256(f"{partner}-key-0123456789".encode()).hexdigest()
        event = PartnerRegistered(partner=partner, version=version, name=partner, api_key_sha256=key_sha256)
        envelope = Envelope(
            id=uuid4(),
            type=event.type_name(),
            source="test",
            time=datetime.now(UTC),
            subject=partner,
            dataschema=event.dataschema(),
        )
        self.send(
            "reference.partners",
            event.model_dump_json().encode(),
            key=partner.encode(),
            headers=envelope.headers(),
        )
        deadline = time.monotonic() + 20
        while self._ask("select version from partners where partner = $1", partner) != version:
            assert time.monotonic() < deadline, f"the registration of {partner} is not heard"

    def wait_ready(self, within_s: float = 30) -> None:
        deadline = time.monotonic() + within_s
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, "intake is not ready"
            time.sleep(0.1)

    def _ask(self, query: str, *of: Any) -> Any:
        """One value from intake's database, also from within a test that has a loop running."""

        async def ask() -> Any:
            db = await asyncpg.connect(self.dsn)
            try:
                return await db.fetchval(query, *of)
            finally:
                await db.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, ask()).result()

    def _watch(self, done: Callable[[], bool], within_s: float, otherwise: str) -> None:
        deadline = time.monotonic() + within_s
        while not done():
            assert time.monotonic() < deadline, otherwise
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                self._note(message)

    def _note(self, message: Any) -> None:
        if message.topic() == "parked.intake":
            parked = RecordParked.model_validate_json(message.value())
            at = parked.coordinates
            self.parked[at.topic, at.partition, at.offset] = parked
        elif message.topic() == "submissions":
            self.submissions.append(message.value())
        else:
            answered = RequestAnswered.model_validate_json(message.value())
            if answered.coordinates is None:
                return  # to an HTTP request
            at = answered.coordinates
            self.heard[at.topic, at.partition, at.offset] = answered
            self.firsts[at.topic, at.partition, at.offset] += answered.first

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture(scope="session")
def intake_running(postgres: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIntake]:
    from stack.local_stack import LocalStack
    from stack.ports import find_free_base

    directory = tmp_path_factory.mktemp("intake")
    dsn = postgres.make_database("intake_running")
    with LocalStack(directory, find_free_base(), parts=("kafka",), quick_broker=True) as stack:
        ensure_flow_topics(stack.kafka_bootstrap, ["acme"])
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": dsn,
            "KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "HTTP_PORT": str(stack.ports.service(0, 1)),
            "INSTANCE_ID": "intake-1",
            "STACK_MODE": "sandbox",
            "REGISTRATION_WAIT_S": "2",
            "BODY_WAIT_S": "1",
        }
        command_line = [sys.executable, "-m", "intake"]
        subprocess.run([*command_line, "migrate"], env=environment, check=True)
        with (directory / "intake.log").open("wb") as log:
            process = subprocess.Popen([*command_line, "run"], env=environment, stdout=log, stderr=log)
            running = RunningIntake(stack.kafka_bootstrap, dsn, int(environment["HTTP_PORT"]))
            try:
                running.register("acme")
                running.wait_ready()
                yield running
            finally:
                running.close()
                process.terminate()
                process.wait(30)
