"""How much work a service has in hand, measured from outside: its positions against the logs' ends, and its outbox."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import asyncpg
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from stack import LocalStack

TIMEOUT_S = 2.0
_POSITIONS = "select topic, partition, next from chassis.positions"
_PACKS = "select count(*) from chassis.outbox"


@dataclass(frozen=True, slots=True)
class InFlight:
    """Records that stand in the logs and are not applied, and packs that are committed and not acknowledged."""

    lag: int
    packs: int

    def __bool__(self) -> bool:
        return self.lag > 0 or self.packs > 0


class Gauge:
    """Used by one thread. Answers None while the database or the broker does not answer."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._admin = self._new_admin()
        self._runner = asyncio.Runner()
        self._databases: dict[str, asyncpg.Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for database in self._databases.values():
            database.terminate()
        self._runner.close()

    def measure(self, service: str) -> InFlight | None:
        try:
            stored, packs = self._runner.run(self._ask(service))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            gone = self._databases.pop(service, None)
            if gone is not None:
                gone.terminate()
            return None
        return self._behind(stored, packs)

    async def _ask(self, service: str) -> tuple[dict[tuple[str, int], int], int]:
        async with asyncio.timeout(TIMEOUT_S):
            if service not in self._databases:
                self._databases[service] = await asyncpg.connect(self._stack.database_url(service))
            database = self._databases[service]
            rows = await database.fetch(_POSITIONS)
            packs: int = await database.fetchval(_PACKS)
        return {(row["topic"], row["partition"]): row["next"] for row in rows}, packs

    def _behind(self, stored: dict[tuple[str, int], int], packs: int) -> InFlight | None:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        try:
            asked = self._admin.list_offsets(
                {TopicPartition(*at): latest for at in stored}, request_timeout=TIMEOUT_S
            )
            ends = {
                (at.topic, at.partition): future.result(timeout=TIMEOUT_S).offset
                for at, future in asked.items()
            }
        except (KafkaException, TimeoutError):
            # After a restart of the broker librdkafka's admin client asks by the old leader epoch for ever.
            self._admin = self._new_admin()
            return None
        return InFlight(sum(max(0, ends[at] - following) for at, following in stored.items()), packs)

    def _new_admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self._stack.kafka_bootstrap, "log_level": 0})
