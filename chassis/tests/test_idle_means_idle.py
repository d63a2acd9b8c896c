"""A replica is idle only while it knows its partitions: between two assignments nobody counts what waits in them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from aiokafka import TopicPartition
from pydantic import SecretStr

from chassis.consumer import Listener
from chassis.health import Health
from chassis.settings import ServiceSettings


class _Pool:
    async def fetchval(self, sql: str) -> int:
        return 0


def _listener() -> Listener:
    settings = ServiceSettings(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"))
    nobody: Any = None
    listener = Listener("test", settings, nobody, nobody, [], nobody, {})
    consumer = SimpleNamespace(pause=lambda *partitions: None)
    listener.subscriber = SimpleNamespace(consumer=consumer)
    return listener


async def test_between_two_assignments_it_is_not_idle() -> None:
    listener = _listener()
    health = Health(cast(Any, SimpleNamespace(pool=_Pool())), [listener], None)

    async def idle() -> bool:
        return bool((await health.idle())["idle"])

    assert not await idle()
    await listener.on_partitions_assigned(set[TopicPartition]())
    assert await idle()
    await listener.on_partitions_revoked(set[TopicPartition]())
    assert not await idle()
    await listener.on_partitions_assigned(set[TopicPartition]())
    assert await idle()
