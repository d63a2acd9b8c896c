"""A crash after the commit, before or after the send, then a later event of the same key from another replica.

Guards: the pack in the table, the sweep of any replica, the receiver's order. Without the sweep everything behind the
stranded pack waits for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import pytest
from chain_services import Passed, hop
from world import World, dense_and_ordered, header, until

from chassis.run import RunningService
from chassis.sender import Outgoing


async def say(replica: RunningService, number: int) -> None:
    async with replica.context.transaction() as tx:
        tx.say(Passed(key="k", number=number), key="k", cause=uuid4())


@pytest.mark.parametrize("sent", [False, True], ids=["before the send", "after the send, before the delete"])
async def test_a_later_event_from_another_replica_waits_for_the_stranded_one(
    world: World, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = await world.run(hop(0, world.topics))
    dying = await world.run(world.source())
    living = await world.run(world.source())
    sender = dying.context.outbox._sender
    assert sender is not None

    def never(packs: Sequence[Outgoing]) -> None:
        sender.held.update(pack.name for pack in packs)

    async def undeleted(pool: object) -> None:
        return None

    if sent:
        monkeypatch.setattr(dying.context.outbox, "delete_acknowledged", undeleted)
    else:
        monkeypatch.setattr(sender, "submit", never)
    await say(dying, 1)
    await say(living, 2)
    assert await world.until_applied(2) == [("k", 1), ("k", 2)]

    async def emptied() -> bool:
        return await world.fetch("select from chassis.outbox", name="source") == []

    await until(emptied)
    assert dense_and_ordered(await world.read(world.heard))
    assert receiver.alarms.names() == set()


async def test_an_event_made_again_is_the_same_event(world: World) -> None:
    """Guard: ids follow from cause, type, key and ordinal."""
    await world.run(hop(0, world.topics))
    cause = await world.say(1, "k", 1)
    await world.until_applied(1)

    async def said() -> bool:
        return len(await world.read(world.said)) == 1

    await until(said)
    from throughline.identifiers import event_id_for

    expected = event_id_for(cause, Passed.type_name(), "k", 0)
    assert header((await world.read(world.said))[0], "ce_id") == str(expected)
