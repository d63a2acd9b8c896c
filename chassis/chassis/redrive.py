"""Released records go through the door: the same as the first time, one transaction each, lowest of its key first.

Each success releases what stands behind it; the last one unblocks the key; a failing one stays at the head. Any replica
does it, so that a crash between the first record and those behind it leaves nothing half done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis import security
from chassis.arrival import Arrival, Defect, UnknownVersion, decode, raw_record
from chassis.context import Context
from chassis.database import is_transient, roll_back
from chassis.hearing import Hearing
from chassis.outbox import NotSpeaking
from chassis.parked import (
    COUNT_OFF,
    DELETE,
    LOCK,
    RELEASE_BEHIND,
    ROW,
    ParkedRecord,
    say_parked_again,
    say_redriven,
)
from chassis.say import Say
from chassis.service import Service
from chassis.slices import Door, RecordsFailed
from throughline.reasons import Reason

logger = logging.getLogger("chassis.redrive")

_HEADS = """
select distinct on (topic, partition, key) topic, partition, "offset", key, sequence, released_by
from chassis.parked p where released_at is not null and not exists (
    select from chassis.parked lower where lower.topic = p.topic and lower.partition = p.partition
    and lower.key = p.key and lower.sequence < p.sequence)
order by topic, partition, key, sequence, "offset" limit 100
"""
_STAY = """
with head as (
    update chassis.parked set released_at = null, reason = $4, field = $5, error = $6
    where topic = $1 and partition = $2 and "offset" = $3 returning key, sequence)
update chassis.parked p set released_at = null from head
where p.topic = $1 and p.partition = $2 and p.key = head.key and p.sequence > head.sequence
"""


RECOVERY = "recovery"
"""Who releases what was parked because it was said otherwise before a restore."""


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
        await _stay(context, door.service, at, Defect(Reason.DECISION_FAILED, None, type(error).__name__))
    except UnknownVersion:
        await _stay(context, door.service, at, Defect(Reason.UNKNOWN_SCHEMA))
    except _StillDefective as still:
        await _stay(context, door.service, at, still.defect)
    except asyncpg.PostgresError as refused:
        if is_transient(refused):
            raise
        defect = Defect(Reason.REFUSED_BY_DATABASE, None, type(refused).__name__)
        await _stay(context, door.service, at, defect)


async def _stay(context: Context, service: str, at: tuple[str, int, int], defect: Defect) -> None:
    """Parked still, at the head of its key, and said so to whoever asked."""
    async with context.transaction() as tx:
        row = await tx.db.fetchrow(ROW + " and released_at is not null for update", *at)
        if row is None:
            return
        await tx.db.execute(_STAY, *at, str(defect.reason), defect.field, defect.error)
        if row["released_by"] != RECOVERY:
            say_parked_again(service, row, defect, tx)


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
            await db.fetchval(LOCK, at[0], at[1])
            row = await db.fetchrow(ROW + " and released_at is not null for update", *at)
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
            say_redriven(door.service, row, say)
            await db.execute(DELETE, *at)
            await db.execute(COUNT_OFF, at[0], at[1])
            if row["sequence"] is not None:
                await db.execute(RELEASE_BEHIND, at[0], at[1], row["key"], row["released_by"])
            async with context.outbox.turn_to_speak(say.said):
                packs = await context.outbox.store(db, say.said, f"redrive/{at[0]}/{at[1]}/{at[2]}")
                await transaction.commit()
        except BaseException:
            await roll_back(transaction)
            raise
    context.outbox.committed(packs)
    security.record(say.security_events)
    logger.info("redriven %s/%s/%s", *at)


def _decoded(door: Door, arrival: Arrival) -> Arrival:
    if door.hearing.is_raw:
        arrival.message = raw_record(arrival.record)
    else:
        decode(arrival, door.topic)
    if arrival.defect is not None:
        raise _StillDefective(arrival.defect)
    return arrival
