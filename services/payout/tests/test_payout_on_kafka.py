"""Payout on a real broker and database: two replicas pay through the sandbox bank, and replay changes nothing."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis import Service
from chassis.run import RunningService
from chassis.testing_people import OPERATIONS, an, know
from chassis.topics import partition_for
from payout.app import build_resources, service
from payout.settings import PayoutSettings
from sandbox_bank.bank import Bank
from sandbox_bank.settings import Settings
from stack.topics import configuration, ensure_topics
from throughline.decisions import ApprovalRevoked
from throughline.envelope import Envelope, read_envelope
from throughline.flow import ACCOUNTS, ITEMS, PARKED, PAYMENTS, REPAIRS, Kind, topics_heard_by
from throughline.message import Message
from throughline.reference import Address, PayerRecorded
from throughline.signed import SECOND_SIGNATURE, SIGNATURE

if TYPE_CHECKING:
    from conftest import House

NPIS = ("1234567893", "1558598797", "1003000126", "1003000134")
PARTITIONS = 4

APPROVER, OTHER = an("account_approver"), an("account_approver")
"""Who signs enrolments."""


class Line:
    """Payout's topics under names of this test's own."""

    def __init__(self, bootstrap: str, settings: dict[str, Any], stack: AsyncExitStack) -> None:
        self.bootstrap, self.settings, self.stack = bootstrap, settings, stack
        self.prefix = f"t{secrets.token_hex(4)}."
        mine = [one for one in (*topics_heard_by("payout"), ITEMS, PAYMENTS, ACCOUNTS) if one is not REPAIRS]
        self.topics = [replace(topic, name=self.prefix + topic.name) for topic in mine]
        self.service = Service(
            "payout",
            settings=PayoutSettings,
            hears=[
                replace(one, topics=tuple(self.prefix + name for name in one.topics)) for one in service.hears
            ],
            timers=service.timers,
            api=list(service.api),
            start=build_resources,
            topics=[*self.topics, PARKED, REPAIRS],
        )
        wanted: dict[str, tuple[int, dict[str, str]]] = {
            one.name: (one.partitions, configuration(one)) for one in self.topics
        }
        ensure_topics(
            bootstrap, {**wanted, REPAIRS.name: (1, configuration(REPAIRS)), PARKED.of("payout"): (1, {})}
        )
        self.sequences: Counter[tuple[str, int]] = Counter()

    async def replica(self) -> RunningService:
        settings = PayoutSettings(
            **self.settings,
            kafka_bootstrap=self.bootstrap,
            http_port=0,
            instance_id=f"payout-{secrets.token_hex(3)}",
            session_timeout_s=6.0,
            heartbeat_interval_s=0.5,
            slice_records_max=40,
            chunk_items=30,
        )
        return await self.stack.enter_async_context(RunningService(self.service, settings))

    async def say(self, messages: Sequence[tuple[str, str, Message, UUID]]) -> None:
        """(topic, key, message, id), numbered as their speaker would."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
            for name, key, message, id in messages:
                topic = next(one for one in self.topics if one.name == self.prefix + name)
                partition = partition_for(key.encode(), topic.partitions)
                sequence = None
                if topic.kind is Kind.EVENTS:
                    self.sequences[name, partition] += 1
                    sequence = self.sequences[name, partition]
                envelope = Envelope(
                    id=id, type=message.type_name(), source="test", time=datetime.now(UTC), subject=key,
                    dataschema=message.dataschema(), correlation_id=key, sequence=sequence,
                )  # fmt: skip
                value, headers = message.model_dump_json().encode(), envelope.headers()
                if topic.kind is Kind.COMMANDS:
                    for header, person in ((SIGNATURE, APPROVER), (SECOND_SIGNATURE, OTHER)):
                        how: dict[str, Any] = {
                            "message": envelope.type,
                            "id": id,
                            "topic": topic.name,
                            "at": envelope.time,
                        }
                        headers.append((header, person.sign(value, **how)))
                await producer.send(topic.name, value, key=key.encode(), partition=partition, headers=headers)

    async def said(self) -> Counter[str]:
        """How many events of each kind were said; every sequence dense. A record may stand in the log twice."""
        names = [self.prefix + one.name for one in (ITEMS, PAYMENTS, ACCOUNTS)]
        partitions = [TopicPartition(name, number) for name in names for number in range(PARTITIONS)]
        found: dict[UUID, str] = {}
        sequences: dict[TopicPartition, list[int]] = {}
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False) as consumer:
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            while any([await consumer.position(one) < ends[one] for one in partitions]):
                for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                    for record in records:
                        envelope = read_envelope(record.headers)
                        found[envelope.id] = envelope.message_name
                        assert envelope.sequence is not None
                        sequences.setdefault(partition, []).append(envelope.sequence)
        for numbers in sequences.values():
            assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))
        return Counter(found.values())


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float = 90.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not await condition():  # noqa: ASYNC110  neither broker nor database tells by itself
            await asyncio.sleep(0.05)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


async def test_two_replicas_pay_a_day_through_the_bank_and_replay_changes_nothing(
    kafka: str, house: House, stack: AsyncExitStack, payout_database: str, keys: Path, tmp_path: Path
) -> None:
    pool = house.pool
    await pool.execute("truncate chassis.positions, chassis.parked")
    clock = tmp_path / "clock.json"

    def move(day: int, hour: int, minute: int = 0) -> None:
        new = clock.with_suffix(".new")
        new.write_text(json.dumps({"now": datetime(2026, 11, day, hour, minute, tzinfo=UTC).isoformat()}))
        new.replace(clock)

    move(23, 15)
    bank = Bank(Settings(bank_directory=house.directory, clock_file=clock, BANK_COLLECT_SECONDS_MAX=0.2))
    stack.callback(bank.close)
    settings = {
        "database_url": payout_database, "keys_dir": keys, "bank_directory": house.directory, "clock_file": clock,
    }  # fmt: skip
    line = Line(kafka, settings, stack)
    await line.replica()
    second = await line.replica()

    approvals = [(house.approved(1_000 + n, NPIS[n % 4]), uuid4()) for n in range(240)]
    revoked = [
        ApprovalRevoked(request_id=one.request_id, version=1, decision_id=decision, cause="void")
        for one, decision in approvals[::10]
    ]
    payer = PayerRecorded(
        payer="acme", version=1, name="ACME HEALTH", tin="987654321", bank="sandbox-bank",
        address=Address(street="1 Main", city="Town", state="CA", zip="90001"),
        contact_name="Desk", contact_phone="5555550100", auto_approve_below_cents=0,
    )  # fmt: skip
    accounts = zip(NPIS[:3], ("123456789", "99010300", "99020400"), strict=True)
    enrolments = [house.enrolment(npi, account) for npi, account in accounts]
    await line.say([("reference.payers", "acme", payer, uuid4())])
    await know(house.pool, OPERATIONS, APPROVER, OTHER)
    await line.say([("payees", str(one.payee_id), one, uuid4()) for one in enrolments])
    await line.say([("decisions", str(one.request_id), one, decision) for one, decision in approvals])
    await line.say([("decisions", str(one.request_id), one, uuid4()) for one in revoked])

    async def states() -> dict[str, int]:
        bank.tick()
        return await house.states()

    async def heard() -> bool:
        ready = await pool.fetchrow("select (select count(*) from payers), (select count(*) from accounts)")
        return await states() == {"waiting": 216, "stopped": 24} and tuple(ready) == (1, 3)

    await until(heard)
    move(23, 20)

    async def told() -> bool:
        sent = await pool.fetchval("select count(*) from payments where state <> 'scheduled'")
        left = await pool.fetchval("select count(*) from items where not announced")
        taken = await pool.fetchval("select count(*) from batches where state = 'acknowledged'")
        return bool(await states() and sent == 3 and left == 0 and taken == 1)

    await until(told)
    for day in (24, 25):
        move(day, 23, 50)

        async def lived(day: int = day) -> bool:
            await states()
            lived_through = bank.ledger.db.execute("select through from progress").fetchone()[0]
            answers = bank.ledger.db.execute("select count(*) from answers where written = 1").fetchone()[0]
            posted = await pool.fetchval("select count(*) from bank_files where state = 'posted'")
            return bool(lived_through >= f"2026-11-{day}T23" and posted == answers)

        await until(lived)
    expected = {"scheduled": 48, "held:returned": 108, "held:no_account": 60, "stopped": 24}

    async def settled() -> bool:
        last = await pool.fetchval("select count(*) from batches where window_id = '2026-11-25T1500'")
        unsent = await pool.fetchval("select count(*) from chassis.outbox")
        return bool(await states() == expected and last and not unsent)

    await until(settled)
    said = await line.said()
    assert (said["ItemStopped"], said["ItemScheduled"], said["ItemHeld"]) == (24, 156, 168)
    assert (said["PaymentSent"], said["PaymentSettled"], said["PaymentReturned"]) == (3, 2, 2)
    assert (said["AccountVerified"], said["AccountHeld"]) == (3, 2)
    assert not second.alarms.raised
    cents = sum(1_000 + n for n in range(240) if n % 4 == 0 and n % 10)
    assert (await house.balances())["cash"] == -cents

    await line.stack.pop_all().aclose()
    before = await pool.fetch("select * from items order by decision_id")
    await pool.execute("truncate chassis.positions")
    await line.replica()

    async def read_again() -> bool:
        applied = await pool.fetchval(
            "select coalesce(sum(applied), 0) from chassis.positions where topic = $1",
            f"{line.prefix}decisions",
        )
        return bool(applied == 264)

    await until(read_again)
    assert await pool.fetch("select * from items order by decision_id") == before
    assert await line.said() == said
