"""What a service may reach outside a batch: settings, clock, resources, the database, alarms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from chassis import trace
from chassis.alarms import Alarms
from chassis.clock import Clock
from chassis.database import roll_back
from chassis.outbox import NotSpeaking, Outbox, name_of_transaction
from chassis.said_before import SaidBefore
from chassis.say import Say
from chassis.settings import ServiceSettings
from chassis.topics import TopicMap
from chassis.trust import Trust
from throughline.message import Message

_ROOM_TIMEOUT_S = 5.0


class Transaction:
    """One transaction outside a batch (HTTP, a timer, a file): its effects and what it says become true together."""

    def __init__(self, db: asyncpg.Connection, say: Say) -> None:
        self.db = db
        self._say = say

    def say(
        self,
        event: Message,
        key: str,
        *,
        cause: UUID,
        correlation_id: str | None = None,
        topic: str | None = None,
        subject: str | None = None,
        ordinal: int = 0,
    ) -> UUID:
        """Say it when the transaction commits. ``cause`` names what asked for it (a receipt, a file, an event)."""
        self._say.caused_by(cause, correlation_id)
        return self._say(event, key, topic=topic, subject=subject, ordinal=ordinal)

    def say_signed(
        self,
        command: Message,
        key: str,
        *,
        id: UUID,
        value: bytes,
        signatures: Sequence[tuple[str, bytes]],
        cause: UUID,
        correlation_id: str | None = None,
        topic: str | None = None,
    ) -> None:
        """Say a person's command with the id and the bytes that were signed (``throughline.signed``)."""
        self._say.caused_by(cause, correlation_id)
        self._say.exactly(
            command,
            key,
            id=id,
            value=value,
            signatures=signatures,
            topic=topic,
            correlation_id=correlation_id,
        )


class Context:
    """Given to ``Work.load``, timers and HTTP routes (``request.app.state.context``)."""

    def __init__(
        self,
        settings: Any,
        clock: Clock,
        pool: asyncpg.Pool,
        outbox: Outbox,
        topics: TopicMap,
        alarms: Alarms,
        resources: Any = None,
        trust: Trust | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.pool = pool
        self.outbox = outbox
        self.topics = topics
        self.alarms = alarms
        self.resources = resources
        self.said_before = SaidBefore()
        self.trust = trust or Trust()
        """Founding and portal keys, and whether this is a sandbox."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin; at the end number what was said, store the pack, commit, hand it to the sender.

        Raises ``NotSpeaking`` (HTTP answers 503) while the service is held because its database is older than the
        log, and where Kafka has taken nothing for so long that the outbox is at its bound.
        """
        self.outbox.must_be_speaking()
        try:
            await asyncio.wait_for(self.outbox.room(), _ROOM_TIMEOUT_S)
        except TimeoutError:
            raise NotSpeaking("too much is committed that Kafka does not take") from None
        async with self.pool.acquire() as db:
            begun = db.transaction()
            await begun.start()
            try:
                with trace.transaction_span(self.topics.service) as span:
                    say = Say(self.topics, span)
                    yield Transaction(db, say)
                    say.said = await self.said_before.sift(db, say.said)
                    async with self.outbox.turn_to_speak(say.said):
                        packs = await self.outbox.store(db, say.said, name_of_transaction())
                        await begun.commit()
            except BaseException:
                await roll_back(begun)
                raise
        self.outbox.committed(packs)


def service_settings(context: Context) -> ServiceSettings:
    settings: ServiceSettings = context.settings
    return settings
