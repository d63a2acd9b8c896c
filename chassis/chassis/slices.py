"""One slice, one transaction: the position moves first; effects, what is parked and what is said commit with it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from chassis import metrics, security, trace
from chassis.arrival import Arrival, Defect, decode, raw_record
from chassis.context import Context
from chassis.database import roll_back
from chassis.decide import DecisionsFailed, load_decide_store
from chassis.hearing import Hearing
from chassis.once import SIGNED, new_commands, risen_entities
from chassis.order import Position
from chassis.outbox import name_of_slice
from chassis.parked import blocked_keys, park
from chassis.positions import Ownership, move
from chassis.say import Say
from throughline.flow import Kind, Topic
from throughline.reasons import Reason


class RecordsFailed(Exception):
    """Decisions raised; by offset. Nothing of the slice was stored."""

    def __init__(self, failures: dict[int, Exception]) -> None:
        super().__init__(f"{len(failures)} records failed")
        self.failures = failures


@dataclass(slots=True)
class Door:
    """What every record of a partition goes through: the same for a slice and for a redrive."""

    service: str
    hearing: Hearing
    topic: Topic
    context: Context
    beside: Hearing | None = None
    """On ``repairs`` and ``people``, where a service keeps their records as bytes: what the chassis hears of them."""

    async def pass_through(
        self, db: asyncpg.Connection, arrivals: Sequence[Arrival], say: Say
    ) -> list[tuple[Arrival, Defect]]:
        """Once, load, decide, store. Returns what must be parked instead. Raises RecordsFailed."""
        new = await self._once(db, arrivals, say)
        heard = (
            new
            if self.hearing.is_raw
            else [one for one in new if type(one.message.message) in self.hearing.on]
        )
        if heard:
            try:
                await load_decide_store(db, self.hearing, [one.message for one in heard], self.context, say)
            except DecisionsFailed as failed:
                raise RecordsFailed(
                    {heard[at].offset: error for at, error in failed.failures.items()}
                ) from failed
        if self.beside is not None:
            await self._hear_beside(self.beside, db, arrivals, say)
        parked = [(one, one.defect) for one in arrivals if one.defect is not None]
        if say.parked:
            by_offset = {one.offset: one for one in arrivals}
            parked.extend((by_offset[p.record.offset], Defect(p.reason, p.field)) for p in say.parked)
        return parked

    async def _hear_beside(
        self, hearing: Hearing, db: asyncpg.Connection, arrivals: Sequence[Arrival], say: Say
    ) -> None:
        """Through the same door once more, as messages. What is no message of ours is kept as bytes, that is all."""
        messages = []
        for one in arrivals:
            message = Arrival(one.record)
            decode(message, self.topic)
            if message.defect is None:
                messages.append(message)
        await Door(self.service, hearing, self.topic, self.context).pass_through(db, messages, say)

    async def _once(self, db: asyncpg.Connection, arrivals: Sequence[Arrival], say: Say) -> Sequence[Arrival]:
        if self.hearing.is_raw or self.topic.kind is Kind.EVENTS or self.hearing.keeps_versions:
            return arrivals
        if self.topic.kind is Kind.REFERENCE:
            return await risen_entities(db, arrivals[0].record.topic if arrivals else "", arrivals)
        if self.hearing.signed:
            return await self._once_signed(db, arrivals, say)
        return await new_commands(db, arrivals)

    async def _once_signed(
        self, db: asyncpg.Connection, arrivals: Sequence[Arrival], say: Say
    ) -> Sequence[Arrival]:
        """A signed id counts once whoever sends it: a command said again under another source is still that command."""
        new = await new_commands(db, arrivals, speaker=SIGNED)
        fresh = {one.offset for one in new}
        for one in arrivals:
            ours = self.hearing.is_ours(one.message.message)
            if ours and one.offset not in fresh and one.defect is None:
                say.security_event(one.message, Reason.REPLAYED)
        return new


async def transact(
    door: Door,
    owned: Ownership,
    arrivals: Sequence[Arrival],
    before: Position,
    after: Position,
    condemned: Mapping[int, Defect],
) -> int:
    """Apply a slice and commit. ``condemned`` (by offset) are parked now. Returns how many records were parked.

    Raises Fenced, RecordsFailed, or what the database raised; nothing happened then.
    An unanswered commit raises too, and may have happened: the caller reads the position again.
    """
    topic, partition = owned.topic, owned.partition
    begun_at = time.perf_counter()
    context = door.context
    traced = trace.recording() and not door.hearing.is_raw
    traceparents = [_traceparent(one) for one in arrivals] if traced else []
    async with context.pool.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        try:
            assert db.is_in_transaction()
            parked_before = await move(db, owned, before, after)
            clean, parked = await _sort_out(db, door, owned, arrivals, condemned, parked_before)
            with trace.batch_span(door.service, topic, partition, traceparents) as span:
                say = Say(context.topics, span)
                parked += await door.pass_through(db, clean, say) if clean else []
                newly_parked = await park(db, door.service, topic, partition, parked, say)
                first = min((one.offset for one in arrivals), default=before.next)
                name = name_of_slice(topic, partition, owned.epoch, first)
                say.said, otherwise = await context.said_before.sift_slice(db, clean, say.said)
                if otherwise:
                    raise RecordsFailed(otherwise)
                async with context.outbox.turn_to_speak(say.said):
                    packs = await context.outbox.store(db, say.said, name)
                    await transaction.commit()
        except BaseException:
            await roll_back(transaction)
            raise
    context.outbox.committed(packs)
    security.record(say.security_events)
    owned.parked = parked_before + newly_parked
    metrics.HEARD.labels(topic=topic).inc(len(arrivals))
    metrics.SLICE_SECONDS.observe(time.perf_counter() - begun_at)
    return newly_parked


async def _sort_out(
    db: asyncpg.Connection,
    door: Door,
    owned: Ownership,
    arrivals: Sequence[Arrival],
    condemned: Mapping[int, Defect],
    parked_before: int,
) -> tuple[list[Arrival], list[tuple[Arrival, Defect]]]:
    """Clean records, and those to park: defective ones, condemned ones, and what stands behind a parked key."""
    blocks = door.topic.kind is Kind.EVENTS and not door.hearing.is_raw
    blocked: set[bytes] = set()
    if blocks and parked_before:
        blocked = await blocked_keys(db, owned.topic, owned.partition, (one.key for one in arrivals))
    if not blocked and not condemned and all(one.defect is None for one in arrivals):
        return list(arrivals), []
    clean: list[Arrival] = []
    parked: list[tuple[Arrival, Defect]] = []
    for one in arrivals:
        in_order = blocks and one.sequence is not None and one.key is not None
        if in_order and one.key in blocked:
            parked.append((one, Defect(Reason.BEHIND_PARKED)))
            continue
        defect = condemned.get(one.offset) or one.defect
        if defect is None:
            clean.append(one)
            continue
        parked.append((one, defect))
        if in_order and one.key is not None:
            blocked.add(one.key)
    return clean, parked


def _traceparent(arrival: Arrival) -> str | None:
    return arrival.message.envelope.traceparent if arrival.message is not None else None


def make_raw(arrival: Arrival) -> None:
    arrival.message = raw_record(arrival.record)
