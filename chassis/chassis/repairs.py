"""Redrive and discard: what a person asks to become of parked records. Heard by every service on ``repairs``.

Redriving marks records released, under the locks of their position rows; ``redrive.py`` puts them through the door.
Every command is answered on ``parked.<service>``: by what became of the record, or by ``CommandRefused``. An operator
must have signed it, two to discard or to redrive many; else nothing is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from chassis.context import Context
from chassis.heard import Heard
from chassis.hearing import Hearing
from chassis.parked import COUNT_OFF, DELETE, LOCK, RELEASE_BEHIND, ROW, say_discarded
from chassis.say import Say
from chassis.signer import By, by
from throughline.answers import Coordinates
from throughline.commanding import BY_TWO, MAY_GIVE
from throughline.decisions import CommandRefused
from throughline.flow import PARKED, REPAIRS
from throughline.message import Message, is_blank
from throughline.reasons import Reason
from throughline.repairs import ALONE_MAX, DiscardRecord, RedriveRecord, RedriveRecords

SIGNED: Mapping[type[Message], By] = {
    message: by(*MAY_GIVE[message], two=message in BY_TWO)
    for message in (RedriveRecord, RedriveRecords, DiscardRecord)
}
"""Who may repair; who stands beside them (``second_actor``) signs too."""

_LOWER = """
select exists (select from chassis.parked where topic = $1 and partition = $2 and key = $3 and sequence < $4)
"""
# The heads: what stands behind another record of its key follows by itself.
_MATCHING = """
select topic, partition, "offset" from chassis.parked p
where ($1::text is null or topic = $1) and ($2::text is null or reason = $2) and released_at is null
    and not exists (select from chassis.parked lower where lower.topic = p.topic and lower.partition = p.partition
        and lower.key = p.key and lower.sequence < p.sequence)
order by parked_at, topic, partition, "offset" limit $3
"""
_RELEASE = """
update chassis.parked set released_at = clock_timestamp(), released_by = $4
where topic = $1 and partition = $2 and "offset" = $3
"""
_DISCARD = """
insert into chassis.discarded select p.*, $4, $5, $6, clock_timestamp() from chassis.parked p
where topic = $1 and partition = $2 and "offset" = $3
"""
_OF_THE_HOUR = """
select coalesce(sum(records), 0)::int from chassis.redrives
where actor = $1 and asked_at > clock_timestamp() - interval '1 hour'
"""
_COUNT_ALONE = "insert into chassis.redrives (actor, records) values ($1, $2)"

At = tuple[str, int, int]
"""Topic, partition and offset."""


@dataclass
class RepairsWork:
    """The commands of one slice for this service. They are rare; each locks the position rows of its records."""

    service: str
    rows: dict[At, Any] = field(default_factory=dict)
    behind: set[At] = field(default_factory=set)
    matching: dict[UUID, list[At]] = field(default_factory=dict)
    alone: dict[str, int] = field(default_factory=dict)
    """How many records each actor has had redriven within the hour, with nobody beside them."""
    asked_alone: list[tuple[str, int]] = field(default_factory=list)
    releases: list[tuple[At, str]] = field(default_factory=list)
    discards: list[DiscardRecord] = field(default_factory=list)

    @classmethod
    async def of(cls, service: str, db: asyncpg.Connection, heard: Sequence[Heard[Any]]) -> RepairsWork:
        work = cls(service)
        own = [one for one in heard if one.message.service == service and not isinstance(one.signer, Reason)]
        wanted = {_at(one.message.coordinates) for one in own if not isinstance(one.message, RedriveRecords)}
        for one in own:
            if isinstance(one.message, RedriveRecords):
                asked = one.message
                reason = None if asked.reason is None else str(asked.reason)
                found = await db.fetch(_MATCHING, asked.topic, reason, asked.count_max)
                work.matching[one.envelope.id] = [(row[0], row[1], row[2]) for row in found]
                wanted.update(work.matching[one.envelope.id])
            if one.message.actor not in work.alone:
                work.alone[one.message.actor] = await db.fetchval(_OF_THE_HOUR, one.message.actor)
        for topic, partition in sorted({at[:2] for at in wanted}):
            await db.fetchval(LOCK, topic, partition)
        for at in sorted(wanted):
            await work._read(db, at)
        return work

    async def _read(self, db: asyncpg.Connection, at: At) -> None:
        row = await db.fetchrow(ROW, *at)
        if row is None:
            return
        self.rows[at] = row
        if row["sequence"] is not None and await db.fetchval(_LOWER, *at[:2], row["key"], row["sequence"]):
            self.behind.add(at)

    def may_redrive(self, command: RedriveRecord | RedriveRecords, count: int) -> Reason | None:
        """Why not, where one person alone asks for too many. Whoever stands beside them has signed as well."""
        if command.second_actor is not None:
            return None
        if self.alone[command.actor] + count > ALONE_MAX:
            return Reason.SECOND_PERSON_MISSING
        self.alone[command.actor] += count
        self.asked_alone.append((command.actor, count))
        return None

    async def store(self, db: asyncpg.Connection) -> None:
        for discard in self.discards:
            await self._discard(db, discard)
        for at, actor in self.releases:
            await db.execute(_RELEASE, *at, actor)
        for actor, count in self.asked_alone:
            await db.execute(_COUNT_ALONE, actor, count)

    async def _discard(self, db: asyncpg.Connection, command: DiscardRecord) -> None:
        """Given up by two people; the bytes move to chassis.discarded, and what stood behind goes on."""
        at = _at(command.coordinates)
        row = self.rows[at]
        await db.execute(_DISCARD, *at, command.actor, command.second_actor, command.note)
        await db.execute(DELETE, *at)
        await db.execute(COUNT_OFF, at[0], at[1])
        if row["sequence"] is not None:
            await db.execute(RELEASE_BEHIND, at[0], at[1], row["key"], command.actor)


def repairs_hearing(service: str) -> Hearing:
    """What the chassis adds to what a service hears."""

    class ThisServicesRepairs(RepairsWork):
        @classmethod
        async def load(
            cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
        ) -> RepairsWork:
            return await RepairsWork.of(service, db, heard)

    return Hearing(
        (REPAIRS.name,),
        None,
        ThisServicesRepairs,
        on={
            RedriveRecord: redrive_record,
            RedriveRecords: redrive_records,
            DiscardRecord: discard_record,
        },
        signed=SIGNED,
        addressed=lambda command: command.service == service,
    )


def redrive_record(heard: Heard[RedriveRecord], work: RepairsWork, say: Say) -> None:
    """Not before what its key has parked below it."""
    command = heard.message
    if command.service != work.service:
        return
    at = _at(command.coordinates)
    refused: Reason | None
    if isinstance(heard.signer, Reason):
        refused = heard.signer
    elif at not in work.rows:
        refused = Reason.UNKNOWN_SUBJECT
    elif at in work.behind:
        refused = Reason.BEHIND_PARKED
    else:
        refused = work.may_redrive(command, 1)
    if refused is None:
        work.releases.append((at, command.actor))
    else:
        _refuse(heard, work, refused, say)


def redrive_records(heard: Heard[RedriveRecords], work: RepairsWork, say: Say) -> None:
    """As many as it asks for, or none: one person alone gets no part of what needs two."""
    command = heard.message
    if command.service != work.service:
        return
    if isinstance(heard.signer, Reason):
        _refuse(heard, work, heard.signer, say)
        return
    found = [at for at in work.matching[heard.envelope.id] if at in work.rows]
    refused = work.may_redrive(command, len(found)) if found else Reason.UNKNOWN_SUBJECT
    if refused is None:
        work.releases.extend((at, command.actor) for at in found)
    else:
        _refuse(heard, work, refused, say)


def discard_record(heard: Heard[DiscardRecord], work: RepairsWork, say: Say) -> None:
    """Two different people, or nothing happens."""
    command = heard.message
    if command.service != work.service:
        return
    at = _at(command.coordinates)
    if isinstance(heard.signer, Reason):
        _refuse(heard, work, heard.signer, say)
    elif is_blank(command.note):
        _refuse(heard, work, Reason.NOTE_BLANK, say)
    elif at not in work.rows or any(_at(one.coordinates) == at for one in work.discards):
        _refuse(heard, work, Reason.UNKNOWN_SUBJECT, say)
    else:
        work.discards.append(command)
        work.releases = [release for release in work.releases if release[0] != at]
        say_discarded(work.service, work.rows[at], command, say)


def _refuse(heard: Heard[Any], work: RepairsWork, reason: Reason, say: Say) -> None:
    refusal = CommandRefused(
        command_id=heard.envelope.id,
        command_type=heard.message.type_name(),
        reason=reason,
        detail=reason.sentence,
    )
    say(refusal, heard.key or work.service, topic=PARKED.of(work.service))


def _at(coordinates: Coordinates) -> At:
    return coordinates.topic, coordinates.partition, coordinates.offset
