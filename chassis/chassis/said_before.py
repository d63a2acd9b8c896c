"""After a restore: what the log holds above the old counters was said, counts as known, and is not said again.

The service *makes it again* from what it hears. An event that comes out as it was said is kept to its effects. A record
that would say something else than the log, or something new while anything is still to be made again, is parked and
tried again by itself: what was said first stands, and the order over several topics comes back by trying. Only when
everything is made again does new work begin.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

from chassis import metrics
from chassis.alarms import Alarms
from chassis.arrival import Arrival
from chassis.database import is_transient
from chassis.failures import NotSpeaking
from chassis.heard import Heard
from chassis.say import Said, cause_of
from throughline.message import REGISTRY, TYPE_PREFIX, Message
from throughline.parked import RecordDiscarded, RecordParked, RecordRedriven

logger = logging.getLogger("chassis.said_before")

STANDS_STILL_S = 60.0
ABOUT_PARKING = tuple(one.type_name() for one in (RecordParked, RecordRedriven, RecordDiscarded))
"""What a service says of its own parked table: it may be another table now, and nothing waits for it."""

_LEFT = """
select count(*) filter (where accepted_at is null and type <> all($1::text[])) as left,
    count(*) as unmade, (select count(*) from chassis.parked where reason = 'said_otherwise') as parked
from chassis.said_before where made_at is null
"""
# Once everything is made again and heard again, what was said of the old parked table is history.
_FORGET_PARKING = """
update chassis.said_before set made_at = clock_timestamp()
where made_at is null and type = any($1::text[]) and not exists (
    select from chassis.heard_before h left join chassis.positions p using (topic, partition)
    where coalesce(p.next, 0) < h.until)
"""
_BOUNDS = "select topic, partition, until from chassis.heard_before"
_OF_CAUSES = """
select id, cause, content_hash from chassis.said_before
where cause = any($1::uuid[]) and made_at is null and accepted_at is null and type <> all($2::text[])
"""
_MADE = """
update chassis.said_before set made_at = coalesce(made_at, clock_timestamp()) where id = any($1::uuid[])
returning id, content_hash, accepted_at is not null or type = any($2::text[]) as any_content
"""
_TRY_AGAIN = """
update chassis.parked p set released_at = clock_timestamp(), released_by = 'recovery'
where reason = 'said_otherwise' and released_at is null
    and not exists (select from chassis.parked where released_at is not null)
    and not exists (select from chassis.parked lower where lower.topic = p.topic and lower.partition = p.partition
        and lower.key = p.key and lower.sequence < p.sequence)
"""
_UNMADE = """
select exists (select from chassis.said_before
    where made_at is null and accepted_at is null and type = any($1::text[]))
"""
_RECALLED = """
select id, cause, type, value from chassis.said_before
where made_at is null and accepted_at is null and value is not null and type = any($1::text[])
order by topic, partition, sequence
"""
_KNOWN = "select exists (select from chassis.said_before where id = $1)"


class SaidOtherwise(NotSpeaking):
    """The log holds another answer to the same cause. Nothing of this one was stored."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One event that the service said and does not know any more."""

    id: UUID
    cause: UUID | None
    message: Any


class SaidBefore:
    """One process' view of it, read anew every second. Off, and free of cost, in a database that was never put back."""

    def __init__(self) -> None:
        self.remembers = False
        """Something was said that is not made again yet: what is made is compared with it."""
        self.making_again = False
        """Nothing new is said before all of it is made again, or accepted by a person."""
        self.until: dict[tuple[str, int], int] = {}
        """Per partition heard, the offset up to which records are known to have caused what was said."""
        self._parked = 0

    def waits_at(self, topic: str, partition: int) -> int | None:
        """The offset from which on records wait; None where none waits."""
        return self.until.get((topic, partition), 0) if self.making_again else None

    async def look(self, db: asyncpg.Connection | asyncpg.Pool) -> tuple[int, int]:
        """Read it anew. Returns how many are left, and how many records are parked for it."""
        if not await db.fetchval("select exists (select from chassis.recoveries)"):
            return 0, 0
        left, unmade, self._parked = await db.fetchrow(_LEFT, ABOUT_PARKING)
        if left and not self.making_again:
            self.until = {(row[0], row[1]): row[2] for row in await db.fetch(_BOUNDS)}
        self.remembers, self.making_again = unmade > 0, left > 0
        metrics.SAID_BEFORE_LEFT.set(left)
        return left, self._parked

    async def keep(self, pool: asyncpg.Pool, alarms: Alarms) -> None:
        """Until all is done: look, try again what was parked for it, page where nothing moves for a minute."""
        seen, since = (0, 0), time.monotonic()
        while self.remembers or self._parked:
            await asyncio.sleep(1.0)
            try:
                found = await self.look(pool)
                await pool.execute(_TRY_AGAIN)
                if not found[0]:
                    await pool.execute(_FORGET_PARKING, ABOUT_PARKING)
            except Exception as error:
                if not is_transient(error):
                    logger.exception("what was said before could not be looked at")
                continue
            if found != seen:
                seen, since = found, time.monotonic()
                alarms.clear("recovery_stands_still")
                logger.info("made again", extra={"left": found[0], "parked": found[1]})
            elif (found[0] or found[1]) and time.monotonic() - since > STANDS_STILL_S:
                alarms.raise_("recovery_stands_still")

    async def sift_slice(
        self, db: asyncpg.Connection, arrivals: Sequence[Arrival], said: list[Said]
    ) -> tuple[list[Said], dict[int, Exception]]:
        """What of ``said`` is really to be said, and by offset the records that make something else than was said."""
        if not self.remembers:
            return said, {}
        causes = {_cause_of(one): one.offset for one in arrivals}
        known: dict[UUID, dict[UUID, bytes]] = {}
        for row in await db.fetch(_OF_CAUSES, list(causes), ABOUT_PARKING):
            known.setdefault(row["cause"], {})[row["id"]] = row["content_hash"]
        made: dict[UUID, dict[UUID, Said]] = {}
        for one in said:
            if one.message.type_name() not in ABOUT_PARKING:
                made.setdefault(_said_cause(one), {})[one.id] = one
        failures: dict[int, Exception] = {}
        for cause, offset in causes.items():
            of_old, of_new = known.get(cause, {}), made.get(cause, {})
            if of_old:
                same = all(id in of_new and content_hash(of_new[id]) == was for id, was in of_old.items())
            else:
                same = not (of_new and self.making_again)
            if not same:
                failures[offset] = SaidOtherwise("a record makes something else than was said")
        return (said, failures) if failures else (await self._unsaid(db, said), {})

    async def sift(self, db: asyncpg.Connection, said: list[Said]) -> list[Said]:
        """As ``sift_slice``, for what is said outside a slice. Raises SaidOtherwise, or NotSpeaking for what is new."""
        if not self.remembers or not said:
            return said
        new = await self._unsaid(db, said)
        if self.making_again and any(one.message.type_name() not in ABOUT_PARKING for one in new):
            raise NotSpeaking("what was said before the database was put back is still being made again")
        return new

    async def _unsaid(self, db: asyncpg.Connection, said: list[Said]) -> list[Said]:
        rows = await db.fetch(_MADE, [one.id for one in said], ABOUT_PARKING) if said else []
        known = {row["id"]: row for row in rows}
        for one in said:
            row = known.get(one.id)
            if row is not None and not row["any_content"] and content_hash(one) != row["content_hash"]:
                raise SaidOtherwise("an event comes out otherwise than it was said")
        return [one for one in said if one.id not in known]

    async def is_unmade(self, db: asyncpg.Connection | asyncpg.Pool, *messages: type[Any]) -> bool:
        """Whether the log holds any of these that this database does not know yet."""
        if not self.making_again:
            return False
        found: bool = await db.fetchval(_UNMADE, [one.type_name() for one in messages])
        return found

    async def left_of(self, db: asyncpg.Connection, *messages: type[Message]) -> list[Recalled]:
        """Of ``Service.recalls``, what is neither made again nor taken back: as it was said, in the log's order."""
        if not self.making_again:
            return []
        named = {one.type_name(): one for one in messages}
        return [
            Recalled(row["id"], row["cause"], named[row["type"]].model_validate_json(row["value"]))
            for row in await db.fetch(_RECALLED, list(named))
        ]

    async def took_back(self, db: asyncpg.Connection, ids: Sequence[UUID]) -> None:
        """The service knows them again, in the transaction that stored their effects."""
        await db.execute("update chassis.said_before set made_at = clock_timestamp() where id = any($1)", ids)

    async def let_stand(self, db: asyncpg.Connection, ids: Sequence[UUID]) -> None:
        """They may come out otherwise by now, and need not be waited for: the log stands for them, as if accepted."""
        await db.execute(
            "update chassis.said_before set accepted_at = clock_timestamp()"
            " where accepted_at is null and id = any($1)",
            ids,
        )

    async def knows(self, db: asyncpg.Connection, identity: UUID) -> bool:
        """Whether the event was said before the database was put back."""
        return self.remembers and bool(await db.fetchval(_KNOWN, identity))


def content_hash(said: Said) -> bytes:
    return hash_of_content(said.value, said.message.OF_THE_MOMENT)


def hash_of_logged(value: bytes | None, type_name: str) -> bytes:
    """Of a record in the log, by the newest version of its message that this release knows."""
    known = [
        cls for (name, _), cls in sorted(REGISTRY.items()) if name == type_name.removeprefix(TYPE_PREFIX)
    ]
    return hash_of_content(value or b"null", known[-1].OF_THE_MOMENT if known else frozenset())


def hash_of_content(value: bytes, without: Iterable[str]) -> bytes:
    """Over the JSON without absent fields, so that a release that adds an optional one makes the same event."""
    body = json.loads(value)
    if isinstance(body, dict):
        body = {name: one for name, one in body.items() if name not in set(without)}
    return sha256(json.dumps(_present(body), sort_keys=True, separators=(",", ":")).encode()).digest()


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _present(one) for name, one in value.items() if one is not None}
    return [_present(one) for one in value] if isinstance(value, list) else value


def _cause_of(arrival: Arrival) -> UUID:
    if isinstance(arrival.message, Heard):
        return arrival.message.envelope.id
    return cause_of(arrival.message)


def _said_cause(one: Said) -> UUID:
    return UUID(dict(one.headers)["ce_causationid"].decode())
