"""Owners change while work is in hand: rebalances, slow loading, zombies, one instance id used twice.

Guards: the owner epoch in the position row, pausing before anything is awaited on assignment, the seek to the stored
position, ``idle_in_transaction_session_timeout``.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from chain_services import StateWork, hop
from world import World, dense_and_ordered, until, until_true

from chassis import Context, Heard, partition, positions


def per_key(applied: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    keys: dict[str, list[int]] = {}
    for key, number in applied:
        keys.setdefault(key, []).append(number)
    return keys


@pytest.mark.parametrize("world", [4], indirect=True)
async def test_a_rebalance_in_mid_batch(world: World) -> None:
    class Slow(StateWork):
        @classmethod
        async def load(
            cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
        ) -> StateWork:
            await asyncio.sleep(0.3)
            return cls()

    service = hop(0, world.topics, work=Slow)
    first = await world.run(service, slice_records_max=10)
    for number in range(1, 61):
        for at in range(4):
            await world.say(number, f"k{at}", number, partition=at)
        if number in (15, 30):
            await world.run(service, slice_records_max=10)
    await first.__aexit__(None, None, None)
    applied = per_key(await world.until_applied(240, timeout_s=60))
    assert applied == {f"k{at}": list(range(1, 61)) for at in range(4)}
    assert dense_and_ordered(await world.read(world.said))


async def test_slow_loading_on_assignment_delivers_nothing_of_a_wrong_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seek after an await comes too late: 900 records of offset 0 were delivered first, where nothing was paused."""
    for number in range(1, 201):
        await world.say(number, "k", number)
    first = await world.run(hop(0, world.topics))
    await world.until_applied(200)
    await first.__aexit__(None, None, None)

    given: list[int] = []
    real_take_over, real_give = positions.take_over, partition.PartitionWorker.give

    async def slow_take_over(*arguments: Any) -> Any:
        await asyncio.sleep(1.0)
        return await real_take_over(*arguments)

    def give(self: partition.PartitionWorker, records: Sequence[Any]) -> None:
        given.extend(record.offset for record in records)
        real_give(self, records)

    monkeypatch.setattr(partition, "take_over", slow_take_over)
    monkeypatch.setattr(partition.PartitionWorker, "give", give)
    # The group's committed offset is of no help: it is put back to the start.
    from aiokafka import AIOKafkaConsumer, TopicPartition

    tool = AIOKafkaConsumer(
        bootstrap_servers=world.bootstrap, group_id=world.name("alpha"), enable_auto_commit=False
    )
    await tool.start()
    tool.assign([TopicPartition(world.heard, 0)])
    await tool.commit({TopicPartition(world.heard, 0): 0})
    await tool.stop()

    await world.run(hop(0, world.topics))
    await world.say(201, "k", 201)
    await world.until_applied(201)
    assert given == [199, 200]  # the last one applied, to compare its hash, and the new one


async def test_a_zombie_changes_nothing(world: World) -> None:
    """A process is stopped past its session; another takes over; the first wakes up in the middle of its work."""
    zombie = await world.spawn(0)
    for number in range(1, 101):
        await world.say(number, "k", number)
    await world.until_applied(1)
    zombie.send_signal(signal.SIGSTOP)
    await world.run(hop(0, world.topics))
    for number in range(101, 201):
        await world.say(number, "k", number)
    await world.until_applied(200, timeout_s=40)
    zombie.send_signal(signal.SIGCONT)
    for number in range(201, 301):
        await world.say(number, "k", number)
    assert await world.until_applied(300) == [("k", number) for number in range(1, 301)]

    async def all_said() -> bool:
        return len({record.value for record in await world.read(world.said)}) == 300

    await until(all_said)
    assert dense_and_ordered(await world.read(world.said))


async def test_a_zombies_late_transaction_is_fenced(world: World) -> None:
    """Raise the epoch behind a running owner's back: what it has in hand is rolled back, and it takes over again."""
    running = await world.run(hop(0, world.topics), session_timeout_s=6.0)
    await world.say(1, "k", 1)
    await world.until_applied(1)
    db = await asyncpg.connect(await world.database("alpha"))
    await db.execute("update chassis.positions set epoch = epoch + 1 where topic = $1", world.heard)
    await db.close()
    await world.say(2, "k", 2)
    worker = next(iter(running.listeners[0].workers.values()))
    await until_true(lambda: worker.trouble == "fenced")
    assert await world.applied() == [("k", 1)]
    assert await world.until_applied(2, timeout_s=15) == [("k", 1), ("k", 2)]


async def test_one_instance_id_used_twice(world: World) -> None:
    """Kafka does not fence it: both consume. Only the row does."""
    service = hop(0, world.topics)
    twin = {"instance_id": "twin", "static_membership": True}
    await world.run(service, **twin)
    await world.run(service, **twin)
    for number in range(1, 101):
        await world.say(number, "k", number)
    assert await world.until_applied(100, timeout_s=60) == [("k", number) for number in range(1, 101)]
