"""Logs that were cut or made again, holes, and a database put back to an earlier point: found by checks, not by luck.

Guards: log_check, the hash of the last record, the topic's id, restored.SpeakerCheck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from chain_services import Passed, hop
from confluent_kafka.admin import AdminClient
from world import World, until, until_true

from chassis import Context, Service, hear_raw
from chassis.outbox import NotSpeaking
from chassis.run import RunningService
from stack.topics import ensure_topics


def make_again(world: World, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    for future in admin.delete_topics([topic]).values():
        future.result(timeout=20)
    while topic in admin.list_topics(timeout=10).topics:
        pass
    ensure_topics(world.bootstrap, {topic: (1, {})})


async def applied_then_stopped(world: World, count: int) -> None:
    running = await world.run(hop(0, world.topics))
    for number in range(1, count + 1):
        await world.say(number, "k", number)
    await world.until_applied(count)
    await running.__aexit__(None, None, None)


def causes(running: RunningService) -> set[str]:
    return {str(details.get("cause")) for details in running.alarms.raised.values()}


async def test_a_topic_made_again_with_more_records_is_held(world: World) -> None:
    await applied_then_stopped(world, 3)
    make_again(world, world.heard)
    for number in range(1, 11):
        await world.say(number, "other", number)
    again = await world.run(hop(0, world.topics))
    await until_true(lambda: "topic_recreated" in causes(again))
    assert len(await world.applied()) == 3


async def test_a_log_shorter_than_the_position_is_held(world: World) -> None:
    await applied_then_stopped(world, 3)
    db = await asyncpg.connect(await world.database("alpha"))
    await db.execute("update chassis.positions set next = 50, last_hash = null where topic = $1", world.heard)
    await db.close()
    again = await world.run(hop(0, world.topics))
    await until_true(lambda: "log_shorter" in causes(again))


async def test_a_log_with_other_records_is_held(world: World) -> None:
    await applied_then_stopped(world, 3)
    db = await asyncpg.connect(await world.database("alpha"))
    await db.execute("update chassis.positions set last_hash = '\\x00'::bytea where topic = $1", world.heard)
    await db.close()
    again = await world.run(hop(0, world.topics))
    await until_true(lambda: "log_changed" in causes(again))


async def test_a_hole_is_an_alarm_where_there_is_no_sequence(world: World) -> None:
    """A producer with transactional rights leaves markers: offsets that hold no record."""
    offsets: list[int] = []

    class Keep:
        @classmethod
        async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> Keep:
            offsets.extend(record.offset for record in heard)
            return cls()

        async def store(self, db: asyncpg.Connection) -> None:
            return None

    service = Service(world.name("alpha"), hears=[hear_raw(world.heard, work=Keep)], topics=world.topics)
    running = await world.run(service)
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, transactional_id=world.prefix)
    await producer.start()
    for _ in range(2):
        async with producer.transaction():
            await producer.send(world.heard, b"x", key=b"k", partition=0)
    await producer.stop()
    await until_true(lambda: offsets[-1:] == [2])
    assert offsets == [0, 2] and "hole_in_log" in running.alarms.names()


async def test_a_database_put_back_to_an_earlier_point_is_held(world: World) -> None:
    """The log knows of more than the counters: nothing may be said, by records or over HTTP."""
    source = await world.run(world.source())

    async def say(running: RunningService) -> None:
        async with running.context.transaction() as tx:
            tx.say(Passed(key="k", number=1), key="k", cause=uuid4())

    for _ in range(3):
        await say(source)

    async def sent() -> bool:
        return len(await world.read(world.heard)) == 3

    await until(sent)
    await source.__aexit__(None, None, None)
    db = await asyncpg.connect(await world.database("source"))
    await db.execute("update chassis.counters set last = 1")
    await db.close()

    held = await world.run(world.source())
    assert "database_restored" in held.alarms.names()
    with pytest.raises(NotSpeaking):
        await say(held)
    assert len(await world.read(world.heard)) == 3


async def test_a_log_that_lost_what_was_said_pages(world: World) -> None:
    source = await world.run(world.source())
    async with source.context.transaction() as tx:
        tx.say(Passed(key="k", number=1), key="k", cause=uuid4())

    async def emptied() -> bool:
        return await world.fetch("select from chassis.outbox", name="source") == []

    await until(emptied)
    await source.__aexit__(None, None, None)
    make_again(world, world.heard)
    again = await world.run(world.source())
    assert "log_lost_records" in again.alarms.names()
