"""A slow, failing or held partition delays the others by at most one batch timeout (5 s).

Guards: a task, a queue and a transaction for each partition; pausing a full partition instead of waiting for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from chain_services import StateWork, hop
from world import World, until_true

from chassis import Context, Heard

ALLOWED_S = 5.0


class SlowForKeySlow(StateWork):
    """The partition of the key ``slow`` takes ten seconds for each slice."""

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> StateWork:
        if any(one.key == "slow" for one in heard):
            await asyncio.sleep(10)
        return cls()


class DeadlockForKeySlow(StateWork):
    """Fails with what time can cure."""

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> StateWork:
        if any(one.key == "slow" for one in heard):
            raise asyncpg.DeadlockDetectedError("again and again")
        return cls()


@pytest.mark.parametrize("world", [4], indirect=True)
@pytest.mark.parametrize("work", [SlowForKeySlow, DeadlockForKeySlow])
async def test_others_go_on(world: World, work: type[StateWork]) -> None:
    await world.run(hop(0, world.topics, work=work), queue_records_max=20)
    for sequence in range(1, 101):
        await world.say(sequence, "slow", sequence, partition=0)
    begun = time.monotonic()
    for partition in (1, 2, 3):
        for sequence in range(1, 21):
            await world.say(sequence, f"k{partition}", sequence, partition=partition)
    await world.until_applied(60, timeout_s=ALLOWED_S + 5)
    assert time.monotonic() - begun < ALLOWED_S
    assert all(key != "slow" for key, _ in await world.applied())


@pytest.mark.parametrize("world", [2], indirect=True)
async def test_a_failure_across_partitions_loses_no_partition(world: World) -> None:
    """FastStream's batch mixes partitions; its own rewind once forgot all but the first."""
    failing = [3]

    class FailsThrice(StateWork):
        async def store(self, db: asyncpg.Connection) -> None:
            if failing[0]:
                failing[0] -= 1
                raise asyncpg.SerializationError("try again")
            await super().store(db)

    await world.run(hop(0, world.topics, work=FailsThrice))
    for sequence in range(1, 11):
        for partition in (0, 1):
            await world.say(sequence, f"k{partition}", sequence, partition=partition)
    applied = await world.until_applied(20)
    for partition in (0, 1):
        assert [number for key, number in applied if key == f"k{partition}"] == list(range(1, 11))


async def test_memory_stays_bounded_while_a_partition_waits(world: World) -> None:
    running = await world.run(hop(0, world.topics, work=DeadlockForKeySlow), queue_records_max=20)
    for sequence in range(1, 301):
        await world.say(sequence, "slow", sequence)
    worker = next(iter(running.listeners[0].workers.values()))
    await until_true(lambda: worker.trouble == "waiting")
    assert len(worker._queue) <= 20 + running.settings.fetch_records_max
