"""Oversized records in, refused records out.

Guards: the size check in say.Say, the sender's replacement of a producer that a refusal has killed, its lanes.
"""

from __future__ import annotations

from uuid import uuid4

from chain_services import Passed, hop
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from world import World, dense_and_ordered, until, until_true

from chassis import Heard, Say


def set_limit(world: World, topic: str, size: int) -> None:
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(timeout=20)


async def test_an_oversized_record_is_not_skipped(world: World) -> None:
    """aiokafka may pass over a record above its fetch limit (its issue 1173)."""
    set_limit(world, world.heard, 12_000_000)
    await world.run(hop(0, world.topics))
    await world.say(1, "a", 1)
    await world.say(2, "b", 2, value=b'{"key":"b","number":2,"filler":"' + b"x" * 9_000_000 + b'"}')
    await world.say(3, "c", 3)
    # Its answer would be too large to say: it is parked, and the others go on.
    assert await world.until_applied(2, timeout_s=60) == [("a", 1), ("c", 3)]
    assert (await world.fetch("select sequence, reason from chassis.parked"))[0][0] == 2


async def test_what_is_too_large_to_say_parks_its_cause(world: World) -> None:
    def blow_up(heard: Heard[Passed], work: object, say: Say) -> None:
        filler = "x" * (2_000_000 if heard.message.number == 2 else 1)
        say(Passed(key=heard.message.key, number=heard.message.number, filler=filler), key=heard.message.key)

    await world.run(hop(0, world.topics, decide=blow_up))
    for number in (1, 2, 3):
        await world.say(number, f"k{number}", number)

    async def parked() -> bool:
        return (
            len(await world.fetch("select * from chassis.parked")) == 1
            and len(await world.read(world.said)) == 2
        )

    await until(parked)
    assert dense_and_ordered(await world.read(world.said))


async def test_a_record_that_the_broker_refuses_waits_alone_and_goes_when_it_may(world: World) -> None:
    """A refusal kills aiokafka's idempotent producer for that partition until it is replaced."""
    set_limit(world, world.topics[0].name, 2_000)
    source = await world.run(world.source())

    async def say(number: int, size: int) -> None:
        import random

        filler = random.Random(number).randbytes(size // 2).hex()
        async with source.context.transaction() as tx:
            tx.say(Passed(key="k", number=number, filler=filler), key="k", cause=uuid4())

    await say(1, 10)
    await say(2, 8_000)
    await say(3, 10)
    await until_true(lambda: "refused_by_broker" in source.alarms.names())
    set_limit(world, world.topics[0].name, 1_000_000)

    async def arrived() -> bool:
        return len({record.value for record in await world.read(world.heard)}) == 3

    await until(arrived)
    assert dense_and_ordered(await world.read(world.heard))
    await until_true(lambda: "refused_by_broker" not in source.alarms.names())
