"""Changes of people and organisations: proposed by one operator, approved by another, neither of them the subject.

The bytes of the record are made and kept when it is proposed. At the approval the portal signs for both, each for what
they did in a session of theirs; who hears the record checks again that they are two operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
from fastapi import HTTPException

from chassis import clock
from portal.commands import Acting, Command, acting_as, say_with, signature_of
from portal.page import Visit
from portal.rules import Role
from throughline.flow import PEOPLE
from throughline.message import REGISTRY
from throughline.people import OrganisationRecorded, PersonRecorded
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, Method

WAITS_AT_MOST = timedelta(days=1)
"""What a person proposed yesterday they may no longer mean."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change that waits for a second operator."""

    id: UUID
    subject_id: UUID
    record: PersonRecorded | OrganisationRecorded
    command: Command
    note: str
    proposed_by: UUID
    proposed_in: UUID
    method: Method
    proposed_at: datetime


async def propose(
    visit: Visit, db: asyncpg.Connection, record: PersonRecorded | OrganisationRecorded, note: str
) -> None:
    """Keep the record's bytes for a second operator. Raises HTTPException 409 where one proposes for themselves."""
    subject = _subject_of(record)
    acting = acting_as(visit, Role.OPERATOR)
    if subject == acting.person_id:
        raise HTTPException(409)
    await db.execute(
        """insert into people_changes (change_id, subject_id, message, command_id, body, note, proposed_by,
                                       proposed_in, method, proposed_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        uuid4(),
        subject,
        type(record).__name__,
        uuid4(),
        record.model_dump_json(exclude_none=True).encode(),
        note,
        acting.person_id,
        acting.organisation_id,
        visit.session.method,
        clock.event_time(),
    )


async def waiting(db: asyncpg.Connection) -> list[Change]:
    rows = await db.fetch(
        "select * from people_changes where decided_at is null and proposed_at > $1 order by proposed_at",
        clock.event_time() - WAITS_AT_MOST,
    )
    return [_change(row) for row in rows]


async def one_waiting(db: asyncpg.Connection, change_id: UUID) -> Change | None:
    row = await db.fetchrow(
        "select * from people_changes where change_id = $1 and decided_at is null and proposed_at > $2",
        change_id,
        clock.event_time() - WAITS_AT_MOST,
    )
    return None if row is None else _change(row)


async def proposers_of(db: asyncpg.Connection, people: Sequence[UUID]) -> dict[UUID, UUID]:
    """By person, who proposed that they come in at all."""
    rows = await db.fetch(
        """select distinct on (subject_id) subject_id, proposed_by from people_changes
           where subject_id = any($1::uuid[]) and message = 'PersonRecorded' and approved
           order by subject_id, decided_at""",
        list(people),
    )
    return {row["subject_id"]: row["proposed_by"] for row in rows}


async def decide(visit: Visit, change_id: UUID, *, approve: bool) -> None:
    """By a second operator. Raises HTTPException: 404 where it does not wait, 409 by the same person or the subject,
    412 where the record has changed since it was proposed."""
    acting = acting_as(visit, Role.OPERATOR)
    async with visit.speaking() as transaction:
        db, since = transaction.db, clock.event_time() - WAITS_AT_MOST
        row = await db.fetchrow(
            """select * from people_changes where change_id = $1 and decided_at is null and proposed_at > $2
               for update""",
            change_id,
            since,
        )
        if row is None:
            raise HTTPException(404)
        change = _change(row)
        if approve:
            await _must_be_approvable(db, change, acting)
            _say(visit, transaction, change, acting)
        await db.execute(
            "update people_changes set decided_by = $2, decided_at = $3, approved = $4 where change_id = $1",
            change_id,
            acting.person_id,
            clock.event_time(),
            approve,
        )


async def _must_be_approvable(db: asyncpg.Connection, change: Change, acting: Acting) -> None:
    if acting.person_id in (change.proposed_by, change.subject_id):
        raise HTTPException(409)
    still = """select 1 from person_roles join people using (person_id)
               where person_id = $1 and organisation_id = $2 and role = 'operator' and active"""
    if not await db.fetchval(still, change.proposed_by, change.proposed_in):
        raise HTTPException(412)
    if await version_of(db, change.subject_id) >= change.record.version:
        raise HTTPException(412)


def _say(visit: Visit, transaction: Any, change: Change, acting: Acting) -> None:
    proposer = Acting(change.proposed_by, Role.OPERATOR, change.proposed_in)
    method = cast(Method, visit.session.method)
    headers = [
        (SIGNATURE, signature_of(visit.context, change.command, proposer, change.method)),
        (SECOND_SIGNATURE, signature_of(visit.context, change.command, acting, method)),
    ]
    say_with(transaction, change.command, headers)


async def version_of(db: asyncpg.Connection, subject_id: UUID) -> int:
    """The newest version heard of a person or an organisation; 0 before the first."""
    found = await db.fetchval(
        """select max(version) from (select version from people where person_id = $1
           union all select version from organisations where organisation_id = $1) as known""",
        subject_id,
    )
    return int(found or 0)


async def person_recorded(db: asyncpg.Connection, person_id: UUID) -> PersonRecorded | None:
    """The newest record of a person, with all their keys."""
    body = await db.fetchval("select body from chassis.people where person_id = $1", person_id)
    return None if body is None else PersonRecorded.model_validate_json(body)


async def organisation_recorded(db: asyncpg.Connection, organisation_id: UUID) -> OrganisationRecorded | None:
    """The newest record of an organisation, with all its payees."""
    body = await db.fetchval(
        "select body from chassis.organisations where organisation_id = $1", organisation_id
    )
    return None if body is None else OrganisationRecorded.model_validate_json(body)


def _subject_of(record: PersonRecorded | OrganisationRecorded) -> UUID:
    return record.person_id if isinstance(record, PersonRecorded) else record.organisation_id


def _change(row: asyncpg.Record) -> Change:
    record = REGISTRY[row["message"], 1].model_validate_json(row["body"])
    assert isinstance(record, PersonRecorded | OrganisationRecorded)
    command = Command(record, str(row["subject_id"]), PEOPLE.name, row["command_id"], row["body"])
    return Change(
        row["change_id"],
        row["subject_id"],
        record,
        command,
        row["note"],
        row["proposed_by"],
        row["proposed_in"],
        row["method"],
        row["proposed_at"],
    )
