"""A batch in a codec that this process cannot read stops its partition, pages, and skips nothing; others go on.

Guards: reading.py. Without it the framework's loop sleeps, and what the same poll had in hand is passed over.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import aiokafka.codec
import pytest
from aiokafka import AIOKafkaProducer
from chain_services import Passed, StateWork, hop
from world import World, envelope_of, until_true

from chassis import Heard, Say


def only_keep(heard: Heard[Passed], work: StateWork, say: Say) -> None:
    """Says nothing: what is said is compressed by the same codec."""
    work.rows.append((heard.message.key, heard.message.number, heard.envelope.id))


async def say_in_zstd(world: World, partition: int, numbers: range) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, compression_type="zstd")
    await producer.start()
    for number in numbers:
        message = Passed(key="z", number=number)
        headers: list[Any] = envelope_of(message, uuid4(), "z", number).headers()
        body = message.model_dump_json().encode()
        await producer.send_and_wait(world.heard, body, key=b"z", partition=partition, headers=headers)
    await producer.stop()


@pytest.mark.parametrize("world", [2], indirect=True)
async def test_an_unreadable_batch_stops_its_partition_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.say(1, "z", 1)
    await say_in_zstd(world, 0, range(2, 4))
    for number in range(1, 11):
        await world.say(number, "k", 100 + number, partition=1)
    monkeypatch.setattr(aiokafka.codec, "has_zstd", lambda: False)
    running = await world.run(hop(0, world.topics, decide=only_keep))

    def paged() -> bool:
        return any(details.get("cause") == "unreadable" for details in running.alarms.raised.values())

    await until_true(paged)
    for number in range(11, 16):
        await world.say(number, "k", 100 + number, partition=1)
    applied = await world.until_applied(16)
    assert [number for _, number in applied if number > 100] == [100 + number for number in range(1, 16)]
    assert [number for _, number in applied if number < 100] == [1], "what stands before it is applied"
    monkeypatch.undo()
    await world.say(4, "z", 4)
    all_of_them = await world.until_applied(19, timeout_s=60.0)
    assert [number for _, number in all_of_them if number < 100] == [1, 2, 3, 4]
    await until_true(lambda: not paged())
