"""For component tests: run a service's handlers over messages against a real database, without Kafka.

received = await testing.deliver(service, context, [submission_received(...)])
assert [one.message for one in received] == [SubmissionApproved(...)]
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import asyncpg

from chassis import security
from chassis.alarms import Alarms
from chassis.clock import Clock, FixedClock
from chassis.context import Context
from chassis.decide import load_decide_store
from chassis.heard import Heard, RawHeaders, RawRecord
from chassis.hearing import Hearing
from chassis.outbox import Outbox
from chassis.say import Said, Say
from chassis.service import Service
from chassis.tables import CREATE, CREATE_PEOPLE, CREATE_RECOVERY
from chassis.testing_people import signed_as_named
from chassis.trust import Trust
from throughline.envelope import Envelope
from throughline.message import Message

__all__ = [
    "Said",
    "context_for",
    "create_chassis_tables_in",
    "deliver",
    "emptied",
    "heard",
    "migrated",
    "raw",
    "said_in",
]

_offsets = iter(range(1, 1_000_000_000))


async def create_chassis_tables_in(db: asyncpg.Connection | asyncpg.Pool, mode: str = "sandbox") -> None:
    """The chassis' tables, without Alembic; the service's own tables come from its migrations or its test."""
    await db.execute(CREATE)
    await db.execute(CREATE_RECOVERY)
    await db.execute(CREATE_PEOPLE)
    await db.execute("insert into chassis.stack (mode) values ($1)", mode)


def migrated(package: str, dsn: str) -> str:
    """Brings an empty database to a service's newest schema by its own migrations, marked sandbox; its address."""
    from alembic import command  # only tests that migrate pay for its import

    from chassis.migrate import alembic_config

    with patch.dict("os.environ", STACK_MODE="sandbox"):
        command.upgrade(alembic_config(package, dsn), "head")
    return dsn


@asynccontextmanager
async def emptied(dsn: str, *statements: str, connections_max: int = 6) -> AsyncIterator[asyncpg.Pool]:
    """Connections to a test's database, after the statements that empty it."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=connections_max) as pool:
        for statement in statements:
            await pool.execute(statement)
        yield pool


def context_for(
    service: Service,
    pool: asyncpg.Pool,
    *,
    clock: Clock | None = None,
    settings: Any = None,
    resources: Any = None,
    trust: Trust | None = None,
) -> Context:
    """A context whose outbox stores packs and sends nothing."""
    alarms = Alarms()
    return Context(
        settings,
        clock or FixedClock(datetime(2026, 1, 5, 15, 0, tzinfo=UTC)),
        pool,
        Outbox(None, alarms),
        service.topics,
        alarms,
        resources,
        trust,
    )


def heard(
    message: Message,
    key: str = "key",
    *,
    topic: str = "",
    id: UUID | None = None,
    correlation_id: str | None = None,
    causation_id: UUID | None = None,
    source: str = "test",
    offset: int | None = None,
    timestamp_ms: int = 1_767_625_200_000,
) -> Heard[Any]:
    """A message as a handler gets it. Give ``id`` to deliver the same message twice."""
    envelope = Envelope(
        id=id or uuid4(),
        type=message.type_name(),
        source=source,
        time=datetime.fromtimestamp(timestamp_ms / 1000, UTC),
        subject=key,
        dataschema=message.dataschema(),
        correlation_id=correlation_id or key,
        causation_id=causation_id,
    )
    return Heard(message, envelope, key, topic, 0, next(_offsets) if offset is None else offset, timestamp_ms)


def raw(
    topic: str,
    value: bytes | None,
    *,
    key: bytes | None = b"key",
    headers: RawHeaders = (),
    partition: int = 0,
    offset: int | None = None,
    timestamp_ms: int = 1_767_625_200_000,
) -> RawRecord:
    """A record as a raw handler gets it."""
    at = next(_offsets) if offset is None else offset
    return RawRecord(topic, partition, at, key, value, headers, timestamp_ms, 1)


async def deliver(
    service: Service | Hearing,
    context: Context,
    messages: Sequence[Message | Heard[Any] | RawRecord],
) -> list[Said]:
    """Each run of messages for one topic is one slice in one transaction: load, decide, store, number, commit.

    A command that a person must sign, and that came without a proof, is signed by whom its body names.
    Returns what was said, in order, with its sequence. A decision that raises is raised here, and nothing is stored.
    """
    said: list[Said] = []
    run: list[Any] = []
    current: Hearing | None = None
    for message in messages:
        one = heard(message) if isinstance(message, Message) else message
        hearing = service if isinstance(service, Hearing) else _hearing_for(service, one)
        if current is not None and hearing is not current:
            said += await _slice(current, context, run)
            run = []
        current = hearing
        run.append(one)
    if current is not None:
        said += await _slice(current, context, run)
    return said


async def _slice(hearing: Hearing, context: Context, run: list[Any]) -> list[Said]:
    from chassis.decide import DecisionsFailed

    say = Say(context.topics)
    async with context.pool.acquire() as db, db.transaction():
        if hearing.signed:
            run = await signed_as_named(db, hearing.topics[0], run)
        try:
            await load_decide_store(db, hearing, run, context, say)
        except DecisionsFailed as failed:
            raise next(iter(failed.failures.values())) from failed
        await context.outbox.store(db, say.said, f"test/{uuid4()}")
    security.record(say.security_events)
    return say.said


def _hearing_for(service: Service, one: Heard[Any] | RawRecord) -> Hearing:
    if one.topic:
        found = service.hearing_of(one.topic)
        if found is None:
            raise LookupError(f"{service.name} does not hear {one.topic}")
        return found
    assert isinstance(one, Heard)
    hearings = [hearing for hearing in service.hears if type(one.message) in hearing.on]
    if len(hearings) != 1:
        raise LookupError(
            f"{service.name} hears {type(one.message).__name__} on {len(hearings)} topics; name one"
        )
    return hearings[0]


async def said_in(pool: asyncpg.Pool) -> list[Any]:
    """Every record in the outbox, as wire records, oldest pack first; for what HTTP and timers say."""
    from chassis.pack import unpack

    rows = await pool.fetch("select body from chassis.outbox order by stored_at, name")
    return [record for row in rows for record in unpack(row[0])]
