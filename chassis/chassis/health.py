"""/live: the loop beats and reading goes on. /ready: assigned, schema as this release expects, outbox not ageing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg
from aiokafka.errors import IllegalStateError

from chassis.context import Context

if TYPE_CHECKING:
    from chassis.consumer import Listener

BEAT_MAX_S = 15.0
STUCK_S = 60.0
OUTBOX_AGE_MAX_S = 60.0


class Health:
    """Answers in closed words; details go to logs and metrics."""

    def __init__(self, context: Context, listeners: Sequence[Listener], revision: str | None) -> None:
        self._context = context
        self._listeners = listeners
        self._revision = revision
        self._beat_at = time.monotonic()
        self.draining = False

    async def beat(self) -> None:
        while True:
            self._beat_at = time.monotonic()
            await asyncio.sleep(1.0)

    def why_not_live(self) -> list[str]:
        """Reasons to restart this process. A partition that waits for the database is none."""
        reasons = []
        if time.monotonic() - self._beat_at > BEAT_MAX_S:
            reasons.append("the loop does not beat")
        reasons.extend(
            f"{tp.topic}/{tp.partition} is not read"
            for listener in self._listeners
            for tp in list(listener.workers)
            if _stuck(listener, tp)
        )
        return reasons

    async def why_not_ready(self) -> list[str]:
        reasons = ["draining"] if self.draining else []
        for listener in self._listeners:
            if not listener.assigned_once:
                reasons.append("no partitions were assigned yet")
            stopped = [worker for worker in listener.workers.values() if not worker.ready]
            if stopped:
                reasons.append(f"{len(stopped)} partitions stand still")
        if self._context.outbox.held_because is not None:
            reasons.append("held: the database is older than the log")
        if self._context.said_before.making_again:
            reasons.append("making again what was said before the database was put back")
        if self._context.outbox.oldest_s > OUTBOX_AGE_MAX_S:
            reasons.append("the outbox is not emptied")
        try:
            async with asyncio.timeout(2.0):
                found = await self._revision_of_database()
            if self._revision is not None and found != self._revision:
                reasons.append("the schema is not the one of this release")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            reasons.append("the database does not answer")
        return reasons

    async def idle(self) -> dict[str, int | bool]:
        """Whether this replica has heard everything that stands in its partitions and Kafka has all that was said.

        ``lag`` counts records behind the logs' ends as the broker tells them now, ``outbox`` the service's packs.
        """
        packs = int(await self._context.pool.fetchval("select count(*) from chassis.outbox"))
        lag, waiting = 0, 0
        for listener in self._listeners:
            workers = dict(listener.workers)
            ends = await listener.consumer.end_offsets(list(workers)) if workers else {}
            for tp, worker in workers.items():
                if worker.ready and worker.position is not None:
                    lag += max(0, ends[tp] - worker.position.next)
                else:
                    waiting += 1
            waiting += 0 if listener.assigned_once and not listener.reassigning else 1
        idle = not (packs or lag or waiting or self.draining)
        return {"idle": idle, "outbox": packs, "lag": lag, "waiting": waiting}

    async def _revision_of_database(self) -> str | None:
        if self._revision is None:
            await self._context.pool.fetchval("select 1")
            return None
        revision: str | None = await self._context.pool.fetchval("select version_num from alembic_version")
        return revision


def _stuck(listener: Listener, tp: object) -> bool:
    """Records wait at the broker, the partition is not paused, and yet nothing has been polled for a minute."""
    consumer = listener.consumer
    try:
        if consumer is None or tp in consumer.paused():
            return False
        polled = consumer.last_poll_timestamp(tp)
    except (IllegalStateError, AssertionError):
        return False
    lag = listener.lag(tp)
    return bool(lag) and bool(polled) and time.time() * 1000 - polled > STUCK_S * 1000
