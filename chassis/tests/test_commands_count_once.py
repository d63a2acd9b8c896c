"""A command counts once per speaker and id; an entity's version must rise; partners' topics come and go by pattern.

Guards: chassis.once (the permanent narrow tables), the pattern subscription with its short metadata age.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from chain_services import StateWork
from world import World, envelope_of, until

from chassis import Context, Heard, RawRecord, Say, Service, Signer, by, hear, hear_raw
from chassis.metrics import SECURITY_EVENTS
from chassis.testing_people import OPERATIONS, an, know
from stack.topics import configuration, ensure_topics
from throughline.flow import Kind, Topic
from throughline.message import Command, Event, Message
from throughline.reasons import Reason
from throughline.signed import SIGNATURE


class DoThis(Command):
    key: str
    number: int


class EntityRecorded(Event):
    key: str
    version: int


def note(heard: Heard[Any], work: StateWork, say: Say) -> None:
    message = heard.message
    number = message.number if isinstance(message, DoThis) else message.version
    work.rows.append((message.key, number, heard.envelope.id))


def listener(world: World, kind: Kind, message: type[Message], **how: Any) -> tuple[Service, str]:
    name = f"{world.prefix}-{kind}"
    topic = Topic(name, kind, ("portal",), (world.name("alpha"),), "key", (message,), partitions=1)
    ensure_topics(world.bootstrap, {name: (1, configuration(topic))})
    topics = (*world.topics, topic)
    service = Service(
        world.name("alpha"),
        hears=[hear(name, work=StateWork, on={message: signed_note if how else note}, **how)],
        topics=topics,
    )
    return service, name


def signed_note(heard: Heard[Any], work: StateWork, say: Say) -> None:
    """What nobody signed is noted with its number below zero."""
    sign = 1 if isinstance(heard.signer, Signer) else -1
    work.rows.append((heard.message.key, sign * heard.message.number, heard.envelope.id))


async def send(
    world: World,
    topic: str,
    message: Any,
    identity: UUID,
    source: str = "portal",
    *more: tuple[str, bytes],
) -> None:
    headers = envelope_of(message, identity, message.key, None).headers()
    headers = [(name, source.encode() if name == "ce_source" else value) for name, value in headers]
    await world.send(
        message.model_dump_json().encode(), [*headers, *more], key=message.key.encode(), topic=topic
    )


async def test_a_command_counts_once_per_speaker(world: World) -> None:
    service, topic = listener(world, Kind.COMMANDS, DoThis)
    await world.run(service)
    one, two = uuid4(), uuid4()
    for _ in range(3):
        await send(world, topic, DoThis(key="k", number=1), one)
    await send(world, topic, DoThis(key="k", number=2), one, source="another tool")
    await send(world, topic, DoThis(key="k", number=3), two)
    await world.until_applied(3)
    assert await world.applied() == [("k", 1), ("k", 2), ("k", 3)]
    assert await world.fetch("select from chassis.parked") == []


async def test_a_signed_command_counts_once_whoever_sends_it_again(world: World) -> None:
    """The source stands beside the signature: whoever copies a record may write another one."""
    service, topic = listener(world, Kind.COMMANDS, DoThis, signed={DoThis: by("operator")})
    running, ann = await world.run(service), an("operator")
    await know(running.context.pool, OPERATIONS, ann)
    refused = SECURITY_EVENTS.labels(reason=str(Reason.REPLAYED))._value.get()
    message, one = DoThis(key="k", number=1), uuid4()
    value = message.model_dump_json().encode()
    signature = ann.sign(value, message=message.type_name(), id=one, topic=topic, at=datetime.now(UTC))
    for source in ("portal", "portal", "another tool"):
        await send(world, topic, message, one, source, (SIGNATURE, signature))
    await send(world, topic, DoThis(key="k", number=2), uuid4())
    assert await world.until_applied(2) == [("k", 1), ("k", -2)], "the last one nobody signed"
    assert SECURITY_EVENTS.labels(reason=str(Reason.REPLAYED))._value.get() == refused + 2


async def test_the_same_id_with_another_body_is_a_conflict_and_blocks_nothing(world: World) -> None:
    service, topic = listener(world, Kind.COMMANDS, DoThis)
    await world.run(service)
    one = uuid4()
    await send(world, topic, DoThis(key="k", number=1), one)
    await send(world, topic, DoThis(key="k", number=9), one)
    await send(world, topic, DoThis(key="k", number=2), uuid4())
    assert await world.until_applied(2) == [("k", 1), ("k", 2)]
    assert [row[0] for row in await world.fetch("select reason from chassis.parked")] == [
        str(Reason.CONFLICT)
    ]


async def test_an_entitys_version_must_rise(world: World) -> None:
    service, topic = listener(world, Kind.REFERENCE, EntityRecorded)
    await world.run(service)
    for version in (1, 3, 2, 3, 4):
        await send(world, topic, EntityRecorded(key="p", version=version), uuid4())
    assert await world.until_applied(3) == [("p", 1), ("p", 3), ("p", 4)]


async def test_a_new_partners_topic_is_heard_within_seconds_and_raw(world: World) -> None:
    family = f"in{secrets.token_hex(3)}."
    topic = Topic(family + "*", Kind.INTAKE, ("partner",), (world.name("alpha"),), "theirs", (), partitions=1)
    seen: list[RawRecord] = []

    class Keep:
        @classmethod
        async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> Keep:
            return cls()

        async def store(self, db: asyncpg.Connection) -> None:
            return None

    def answer(record: RawRecord, work: Keep, say: Say) -> None:
        if record.value is None:
            say.park(record, Reason.TOMBSTONE)
        seen.append(record)

    ensure_topics(world.bootstrap, {family + "first": (1, {})})
    service = Service(
        world.name("alpha"),
        hears=[hear_raw(pattern=topic.pattern, work=Keep, on=answer)],
        topics=(*world.topics, topic),
    )
    await world.run(service, metadata_max_age_s=1.0)
    await world.send(b"\xff", [("h", b"\x00\xff"), ("n", None)], key=None, topic=family + "first")

    async def count(wanted: int) -> bool:
        return len(seen) >= wanted

    await until(lambda: count(1))
    assert (seen[0].value, seen[0].key, seen[0].headers) == (b"\xff", None, (("h", b"\x00\xff"), ("n", None)))
    ensure_topics(world.bootstrap, {family + "second": (1, {})})
    await world.send(None, [], key=b"k", topic=family + "second")
    await until(lambda: count(2), timeout_s=20)

    async def parked() -> bool:  # seen by the decision is not yet committed
        return bool(await world.fetch("select from chassis.parked"))

    await until(parked)
    rows = await world.fetch("select topic, reason, value from chassis.parked")
    assert [tuple(row) for row in rows] == [(family + "second", "tombstone", None)]
