"""A database put back to an earlier dump while the log went on: recovered, nothing lost, nothing doubled by its id.

Guards: recover.py (counters, holes, what was said), said_before.py (compare, try again), partition.py (new work waits).
"""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections import Counter
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from chain_services import Passed, StateWork, hop, pass_on
from world import World, dense_and_ordered, header, until, until_true

from chassis import Heard, Say, Service
from chassis.outbox import NotSpeaking
from chassis.recover_command import recover
from chassis.run import RunningService

EARLIER, LATER = 30, 60
bias = 0


def biased(heard: Heard[Passed], work: StateWork, say: Say) -> None:
    """Decides by something that is not in the record, as prices and claims on bills are not."""
    message = heard.message
    work.rows.append((message.key, message.number, heard.envelope.id))
    number = message.number + (bias if message.number % 10 == 5 else 0)
    say(Passed(key=message.key, number=number), key=message.key)


def name_of(address: str) -> str:
    return urlsplit(address).path.lstrip("/")


async def dump(world: World, name: str) -> str:
    """A copy of the database as it is now."""
    database = name_of(await world.database(name))
    await asyncio.to_thread(world.postgres.execute, f"create database {database}_dump template {database}")
    return database


async def put_back(world: World, database: str) -> None:
    for statement in (
        f"drop database {database} with (force)",
        f"create database {database} template {database}_dump",
        f"drop database {database}_dump",
    ):
        await asyncio.to_thread(world.postgres.execute, statement)


async def send(world: World, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await world.say(number, f"k{number % 7}", number)


async def stopped(running: RunningService) -> None:
    await running.__aexit__(None, None, None)


async def ran(world: World, service: Service, name: str, **asked: Any) -> int:
    settings = await world.settings(name)
    wanted = {"apply": False, "actor": None, "note": None, "accept": [], **asked}
    return await asyncio.to_thread(recover, service, settings, Namespace(**wanted))


def by_hand(**asked: Any) -> dict[str, Any]:
    return {"apply": True, "actor": "ann", "note": "put back to the dump of the night", **asked}


async def work_and_put_back(world: World, service: Service, *, lose: int = 0) -> None:
    """30 records, a dump, numbers given and never sent, 30 more, and the database is put back to the dump."""
    running = await world.run(service)
    await send(world, 1, EARLIER)
    await world.until_applied(EARLIER)
    await stopped(running)
    database = await dump(world, "alpha")
    if lose:
        await world.fetch("update chassis.counters set last = last + $1 where topic = $2", lose, world.said)
    running = await world.run(service)
    await send(world, EARLIER + 1, LATER)
    await world.until_applied(LATER)
    await stopped(running)
    await put_back(world, database)
    assert len(await world.applied()) == EARLIER


async def said_once(world: World, count: int) -> None:
    """Every number was said once by id, and what is on the topic is dense."""
    records = await world.read(world.said)
    assert dense_and_ordered(records)
    kinds = Counter(header(record, "ce_type") for record in {header(r, "ce_id"): r for r in records}.values())
    assert kinds["throughline.Passed"] == count


async def test_nothing_is_lost_and_nothing_doubled(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    alpha, beta = hop(0, world.topics), hop(1, world.topics)
    await work_and_put_back(world, alpha, lose=3)
    await send(world, LATER + 1, LATER + 20)  # the world went on meanwhile
    held = await world.run(alpha)
    assert "database_restored" in held.alarms.names()
    assert await ran(world, alpha, "alpha", **by_hand()) == 1, "not while a replica runs"
    await stopped(held)
    assert await ran(world, alpha, "alpha") == 0
    looked = capsys.readouterr().out
    assert f"said {EARLIER}, the log holds {LATER + 3}, 3 never sent" in looked
    assert f"{LATER - EARLIER} Passed: made again by hearing again" in looked
    assert (await world.fetch("select last from chassis.counters where topic = $1", world.said))[0][0] == 30
    assert await ran(world, alpha, "alpha", **by_hand()) == 0
    assert await ran(world, alpha, "alpha", **by_hand()) == 0, "a second time there is nothing to recover"

    back = await world.run(alpha)
    await world.run(beta)
    applied = await world.until_applied(LATER + 20, "beta")
    assert sorted(number for _, number in applied) == list(range(1, LATER + 21))
    assert sorted(number for _, number in await world.applied()) == list(range(1, LATER + 21))
    await said_once(world, LATER + 20)
    await until_true(lambda: not back.context.said_before.remembers)
    notes = await world.fetch("select actor, said_before, voided from chassis.recoveries")
    assert [tuple(row) for row in notes] == [("ann", LATER - EARLIER, 3)]


async def test_what_comes_out_otherwise_waits_until_it_comes_out_as_it_was_said(world: World) -> None:
    """The log stands. Meanwhile nothing new is said, and nothing of the other outcome is stored."""
    global bias
    bias = 0
    alpha = hop(0, world.topics, decide=biased)
    await work_and_put_back(world, alpha)
    await send(world, LATER + 1, LATER + 10)
    assert await ran(world, alpha, "alpha", **by_hand()) == 0
    bias = 1000
    back = await world.run(alpha)

    async def set_aside() -> bool:
        rows = await world.fetch("select from chassis.parked where reason = 'said_otherwise'")
        return len(rows) == 3 and len(await world.applied()) >= LATER - 3 - 9

    await until(set_aside)
    assert back.context.said_before.making_again
    with pytest.raises(NotSpeaking):
        async with back.context.transaction() as tx:
            tx.say(Passed(key="new", number=1), key="new", cause=uuid4())
    assert not [number for _, number in await world.applied() if number > LATER or number in (35, 45, 55)]
    await said_once(world, LATER)

    bias = 0
    applied = await world.until_applied(LATER + 10)
    assert sorted(number for _, number in applied) == list(range(1, LATER + 11))

    async def all_said() -> bool:
        return len(await world.read(world.said)) >= LATER + 10

    await until(all_said)
    await said_once(world, LATER + 10)


async def test_what_no_record_caused_is_made_again_by_its_cause_or_accepted(world: World) -> None:
    """Said over HTTP or by a timer: the same call again says nothing twice; what nobody asks again a person accepts."""
    source = world.source()
    causes = [UUID(int=1000 + number) for number in range(4)]

    async def say(running: RunningService, number: int) -> None:
        async with running.context.transaction() as tx:
            tx.say(Passed(key="k", number=number), key="k", cause=causes[number])

    running = await world.run(source)
    await say(running, 0)
    await stopped(running)
    database = await dump(world, "source")
    running = await world.run(source)
    await say(running, 1)
    await say(running, 2)

    async def sent() -> bool:
        return len(await world.read(world.heard)) == 3

    await until(sent)
    await stopped(running)
    await put_back(world, database)
    assert await ran(world, source, "source", **by_hand()) == 0
    running = await world.run(source)
    await say(running, 1)
    with pytest.raises(NotSpeaking):
        await say(running, 3)
    await stopped(running)
    assert await ran(world, source, "source", **by_hand(accept=["Passed"])) == 0
    running = await world.run(source)
    await say(running, 2)
    await say(running, 3)

    async def said() -> bool:
        return len(await world.read(world.heard)) == 4

    await until(said)
    records = await world.read(world.heard)
    assert dense_and_ordered(records) and len({header(record, "ce_id") for record in records}) == 4


async def test_a_database_that_has_spoken_since_is_not_recovered(world: World) -> None:
    """One number under two ids: nothing that a command could put right."""
    alpha = hop(0, world.topics, decide=pass_on)
    await work_and_put_back(world, alpha)
    await world.say(LATER, "k", 1, topic=world.said)
    assert await ran(world, alpha, "alpha", **by_hand()) == 1
    assert await world.fetch("select from chassis.recoveries") == []
