"""Three hops, two replicas each, killed with SIGKILL while they work: nothing lost, doubled or out of order.

Guards: the position row moves in the transaction of its effects; the outbox and its sweep; the receiver's order.
"""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

import pytest
from chain_services import HOPS, Passed
from world import World, dense_and_ordered

KEYS, PER_KEY = 400, 5


@pytest.mark.parametrize("world", [4], indirect=True)
async def test_killed_processes_lose_nothing(world: World) -> None:
    source = await world.run(world.source())
    processes = {(index, replica): await world.spawn(index) for index in range(3) for replica in range(2)}
    choice = random.Random(7)

    async def feed() -> None:
        for number in range(PER_KEY):
            for start in range(0, KEYS, 50):
                async with source.context.transaction() as tx:
                    for key in range(start, start + 50):
                        tx.say(Passed(key=f"k{key}", number=number), key=f"k{key}", cause=uuid4())
                await asyncio.sleep(0.1)

    feeding = asyncio.create_task(feed())
    for _ in range(8):
        await asyncio.sleep(0.6)
        at = choice.choice(list(processes))
        processes[at].kill()
        processes[at].wait()
        processes[at] = await world.spawn(at[0])
    await feeding

    expected = KEYS * PER_KEY
    for name in HOPS:
        applied = await world.until_applied(expected, name, timeout_s=60)
        assert len(applied) == expected
        per_key: dict[str, list[int]] = {}
        for key, number in applied:
            per_key.setdefault(key, []).append(number)
        assert all(numbers == list(range(PER_KEY)) for numbers in per_key.values())
    for topic in world.topics[:4]:
        assert dense_and_ordered(await world.read(topic.name))
