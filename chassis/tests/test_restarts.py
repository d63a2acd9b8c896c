"""Broker and database go away and come back; a service stops in the middle of its work.

Guards: pausing with a growing delay for as long as it takes, the sender's resending, the drain on stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from chain_services import StateWork, hop
from world import World, dense_and_ordered, until

from chassis import Context, Heard


async def all_said(world: World, count: int) -> None:
    async def said() -> bool:
        return len({record.value for record in await world.read(world.said)}) == count

    await until(said, 60)
    assert dense_and_ordered(await world.read(world.said))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", ["kafka", "postgres"])
async def test_it_goes_away_and_comes_back(world: World, part: str) -> None:
    await world.run(hop(0, world.topics))
    for number in range(1, 51):
        await world.say(number, "k", number)
    await world.until_applied(10)
    await asyncio.to_thread(world.infrastructure.kill, part)
    await asyncio.sleep(2.0)  # the outage itself
    await asyncio.to_thread(world.infrastructure.start_part, part)
    for number in range(51, 101):
        await world.say(number, "k", number)
    assert await world.until_applied(100, timeout_s=120) == [("k", number) for number in range(1, 101)]
    await all_said(world, 100)


async def test_connections_cut_in_mid_transaction(world: World) -> None:
    await world.run(hop(0, world.topics), slice_records_max=5)
    admin = await asyncpg.connect(world.postgres.admin_dsn)
    database = (await world.database("alpha")).rsplit("/", 1)[1]
    for number in range(1, 101):
        await world.say(number, "k", number)
        if number % 10 == 0:
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and state <> 'idle'",
                database,
            )
    await admin.close()
    assert await world.until_applied(100, timeout_s=60) == [("k", number) for number in range(1, 101)]
    await all_said(world, 100)


async def test_cancelled_at_shutdown_is_not_counted_as_done(world: World) -> None:
    """A handler that outlasts the graceful time is rolled back; its records come again."""
    begun = asyncio.Event()

    class Endless(StateWork):
        @classmethod
        async def load(
            cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
        ) -> StateWork:
            begun.set()
            await asyncio.sleep(3600)
            return cls()

    running = await world.run(hop(0, world.topics, work=Endless), graceful_stop_s=0.5)
    for number in range(1, 4):
        await world.say(number, "k", number)
    await asyncio.wait_for(begun.wait(), 20)
    await running.__aexit__(None, None, None)
    assert await world.applied() == []
    await world.run(hop(0, world.topics))
    assert await world.until_applied(3) == [("k", 1), ("k", 2), ("k", 3)]


async def test_work_in_hand_is_finished_at_shutdown(world: World) -> None:
    begun = asyncio.Event()

    class Unhurried(StateWork):
        @classmethod
        async def load(
            cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
        ) -> StateWork:
            begun.set()
            await asyncio.sleep(1)
            return cls()

    running = await world.run(hop(0, world.topics, work=Unhurried))
    await world.say(1, "k", 1)
    await asyncio.wait_for(begun.wait(), 20)
    await running.__aexit__(None, None, None)
    assert await world.applied() == [("k", 1)]
    assert len(await world.read(world.said)) == 1


async def test_reading_everything_again_changes_nothing(world: World) -> None:
    """Guard: sequences at or below the applied one are skipped, and the position is the database's, not Kafka's."""
    first = await world.run(hop(0, world.topics))
    for number in range(1, 31):
        await world.say(number, "k", number)
    await world.until_applied(30)
    await all_said(world, 30)
    await first.__aexit__(None, None, None)
    db = await asyncpg.connect(await world.database("alpha"))
    await db.execute("update chassis.positions set next = 0, last_hash = null")
    await db.close()
    await world.run(hop(0, world.topics))
    await world.say(31, "k", 31)
    assert await world.until_applied(31) == [("k", number) for number in range(1, 32)]
    await all_said(world, 31)
