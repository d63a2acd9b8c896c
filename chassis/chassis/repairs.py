"""Redrive and discard: what becomes of a parked record. Heard by every service on ``repairs``.

Redriving marks the record released, under the lock of its position row; every replica puts released records through
the same door as the first time, one transaction each, lowest of its key first. Each success releases what stands behind
it; the last one unblocks the key; a failing one stays at the head.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from chassis.arrival import Arrival, Defect, UnknownVersion, decode, raw_record
from chassis.context import Context
from chassis.database import is_transient, roll_back
from chassis.heard import Heard
from chassis.hearing import Hearing
from chassis.outbox import NotSpeaking
from chassis.parked import ParkedRecord
from chassis.say import Say
from chassis.service import Service
from chassis.slices import Door, RecordsFailed
from throughline.flow import REPAIRS
from throughline.reasons import Reason
from throughline.repairs import DiscardRecord, RedriveRecord

logger = logging.getLogger("chassis.repairs")

_LOCK = "select parked from chassis.positions where topic = $1 and partition = $2 for update"
_ROW = 'select * from chassis.parked where topic = $1 and partition = $2 and "offset" = $3'
_LOWER = """
select exists (select from chassis.parked where topic = $1 and partition = $2 and key = $3 and sequence < $4)
"""
_RELEASE = """
update chassis.parked set released_at = clock_timestamp(), released_by = $4
where topic = $1 and partition = $2 and "offset" = $3
"""
_RELEASE_BEHIND = """
update chassis.parked set released_at = clock_timestamp(), released_by = $4
where topic = $1 and partition = $2 and key = $3 and sequence is not null and reason = 'behind_parked'
"""
_HEADS = """
select distinct on (topic, partition, key) topic, partition, "offset", key, sequence, released_by
from chassis.parked p where released_at is not null and not exists (
    select from chassis.parked lower where lower.topic = p.topic and lower.partition = p.partition
    and lower.key = p.key and lower.sequence < p.sequence)
order by topic, partition, key, sequence, "offset" limit 100
"""
_DELETE = 'delete from chassis.parked where topic = $1 and partition = $2 and "offset" = $3'
_COUNT = "update chassis.positions set parked = parked - 1 where topic = $1 and partition = $2"
_DISCARD = """
insert into chassis.discarded select p.*, $4, $5, $6, clock_timestamp() from chassis.parked p
where topic = $1 and partition = $2 and "offset" = $3
"""
_STAY = """
with head as (
    update chassis.parked set released_at = null, reason = $4, field = $5, error = $6
    where topic = $1 and partition = $2 and "offset" = $3 returning key, sequence)
update chassis.parked p set released_at = null from head
where p.topic = $1 and p.partition = $2 and p.key = head.key and p.sequence > head.sequence
"""


@dataclass
class RepairsWork:
    """The commands of one slice for this service, done one by one: they are rare and each locks a position row."""

    service: str
    redrives: list[RedriveRecord] = field(default_factory=list)
    discards: list[DiscardRecord] = field(default_factory=list)

    async def store(self, db: asyncpg.Connection) -> None:
        for discard in self.discards:
            await _discard(db, discard)
        for redrive in self.redrives:
            await _release(db, redrive)


def repairs_hearing(service: Service) -> Hearing:
    """What the chassis adds to what a service hears."""

    class ThisServicesRepairs(RepairsWork):
        @classmethod
        async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> RepairsWork:
            return cls(service.name)

    return Hearing(
        (REPAIRS.name,),
        None,
        ThisServicesRepairs,
        on={RedriveRecord: redrive_record, DiscardRecord: discard_record},
    )


def redrive_record(heard: Heard[RedriveRecord], work: RepairsWork, say: Say) -> None:
    if heard.message.service == work.service:
        work.redrives.append(heard.message)


def discard_record(heard: Heard[DiscardRecord], work: RepairsWork, say: Say) -> None:
    """Two different people, or nothing happens."""
    message = heard.message
    if message.service == work.service and message.actor != message.second_actor:
        work.discards.append(message)


async def _release(db: asyncpg.Connection, command: RedriveRecord) -> None:
    at = command.coordinates
    await db.fetchval(_LOCK, at.topic, at.partition)
    row = await db.fetchrow(_ROW, at.topic, at.partition, at.offset)
    if row is None:
        logger.info("nothing is parked at %s/%s/%s", at.topic, at.partition, at.offset)
        return
    if row["sequence"] is not None and await db.fetchval(
        _LOWER, at.topic, at.partition, row["key"], row["sequence"]
    ):
        logger.warning("a lower record of the key of %s/%s/%s is parked", at.topic, at.partition, at.offset)
        return
    await db.execute(_RELEASE, at.topic, at.partition, at.offset, command.actor)


async def _discard(db: asyncpg.Connection, command: DiscardRecord) -> None:
    """Given up by two people; the bytes move to chassis.discarded, and what stood behind goes on."""
    at = command.coordinates
    await db.fetchval(_LOCK, at.topic, at.partition)
    row = await db.fetchrow(_ROW, at.topic, at.partition, at.offset)
    if row is None:
        return
    actors = (command.actor, command.second_actor, command.note)
    await db.execute(_DISCARD, at.topic, at.partition, at.offset, *actors)
    await db.execute(_DELETE, at.topic, at.partition, at.offset)
    await db.execute(_COUNT, at.topic, at.partition)
    if row["sequence"] is not None:
        await db.execute(_RELEASE_BEHIND, at.topic, at.partition, row["key"], command.actor)


async def redrive_released(service: Service, hears: Sequence[Hearing], context: Context) -> None:
    """For ever, in every replica: put released records through the door."""
    while True:
        try:
            context.outbox.must_be_speaking()
            for row in await context.pool.fetch(_HEADS):
                await redrive_one(service, hears, context, row)
        except NotSpeaking:
            pass
        except Exception as error:
            if not is_transient(error):
                logger.exception("redriving failed")
        await asyncio.sleep(0.5)


async def redrive_one(service: Service, hears: Sequence[Hearing], context: Context, head: Any) -> None:
    """One released record, one transaction. Where it fails it is parked still, at the head of its key."""
    topic = service.topics.named(head["topic"])
    hearing = next((one for one in hears if one.matches(head["topic"])), None)
    if topic is None or hearing is None:
        return
    door = Door(service.name, hearing, topic, context)
    at = (head["topic"], head["partition"], head["offset"])
    try:
        await _through_the_door(door, at)
    except RecordsFailed as failed:
        error = next(iter(failed.failures.values()))
        await context.pool.execute(_STAY, *at, str(Reason.DECISION_FAILED), None, type(error).__name__)
    except UnknownVersion:
        await context.pool.execute(_STAY, *at, str(Reason.UNKNOWN_SCHEMA), None, None)
    except _StillDefective as still:
        defect = still.defect
        await context.pool.execute(_STAY, *at, str(defect.reason), defect.field, defect.error)
    except asyncpg.PostgresError as refused:
        if is_transient(refused):
            raise
        await context.pool.execute(_STAY, *at, str(Reason.REFUSED_BY_DATABASE), None, type(refused).__name__)


class _StillDefective(Exception):
    def __init__(self, defect: Defect) -> None:
        super().__init__(str(defect.reason))
        self.defect = defect


async def _through_the_door(door: Door, at: tuple[str, int, int]) -> None:
    context = door.context
    async with context.pool.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        try:
            await db.fetchval(_LOCK, at[0], at[1])
            row = await db.fetchrow(_ROW + " and released_at is not null for update", *at)
            if row is None:
                await transaction.rollback()  # another replica did it
                return
            arrival = _decoded(door, ParkedRecord.of(row).arrival())
            say = Say(context.topics)
            parked = await door.pass_through(db, [arrival], say)
            if parked:
                raise _StillDefective(parked[0][1])
            say.said, otherwise = await context.said_before.sift_slice(db, [arrival], say.said)
            if otherwise:
                raise _StillDefective(Defect(Reason.SAID_OTHERWISE))
            await db.execute(_DELETE, *at)
            await db.execute(_COUNT, at[0], at[1])
            if row["sequence"] is not None:
                await db.execute(_RELEASE_BEHIND, at[0], at[1], row["key"], row["released_by"])
            async with context.outbox.turn_to_speak(say.said):
                packs = await context.outbox.store(db, say.said, f"redrive/{at[0]}/{at[1]}/{at[2]}")
                await transaction.commit()
        except BaseException:
            await roll_back(transaction)
            raise
    context.outbox.committed(packs)
    logger.info("redriven %s/%s/%s", *at)


def _decoded(door: Door, arrival: Arrival) -> Arrival:
    if door.hearing.is_raw:
        arrival.message = raw_record(arrival.record)
    else:
        decode(arrival, door.topic)
    if arrival.defect is not None:
        raise _StillDefective(arrival.defect)
    return arrival
