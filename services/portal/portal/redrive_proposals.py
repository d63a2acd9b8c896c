"""Redrives of more records than one person may ask for: one operator proposes, another approves, both sign.

The command names its second person, so its bytes are made at the approval; the portal signs them for both, each for
what they did in a session of theirs, and the service that parked the records checks again that they are two operators.
"""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import asyncpg
from fastapi import HTTPException

from chassis import clock
from portal.commands import Acting, acting_as, prepare, say_with, signature_of
from portal.page import Visit
from portal.rules import Role
from throughline.reasons import Reason
from throughline.repairs import RedriveRecords
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, Method

WAITS_AT_MOST = timedelta(days=1)
"""What a person proposed yesterday they may no longer mean."""

_PROPOSE = """
insert into redrive_proposals (proposal_id, service, reason, count_max, proposed_by, proposed_in, method, proposed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_WAITING = """
select r.*, n.name from redrive_proposals r left join account_names n on n.person_id = r.proposed_by
where r.decided_at is null and r.proposed_at > $1 order by r.proposed_at limit 50
"""
_ONE = "select * from redrive_proposals where proposal_id = $1 and decided_at is null and proposed_at > $2 for update"
_DECIDE = """
update redrive_proposals set decided_by = $2, decided_at = $3, approved = $4 where proposal_id = $1
"""
_STILL = """
select 1 from person_roles join people using (person_id)
where person_id = $1 and organisation_id = $2 and role = 'operator' and active
"""


async def propose(visit: Visit, service: str, reason: Reason, count_max: int) -> None:
    acting = acting_as(visit, Role.OPERATOR)
    async with visit.writing() as db:
        await db.execute(
            _PROPOSE,
            uuid4(),
            service,
            reason.value,
            count_max,
            acting.person_id,
            acting.organisation_id,
            visit.session.method,
            clock.event_time(),
        )


async def waiting(db: asyncpg.Connection) -> list[asyncpg.Record]:
    """What waits for a second operator, with the name of the first."""
    rows: list[asyncpg.Record] = await db.fetch(_WAITING, clock.event_time() - WAITS_AT_MOST)
    return rows


async def decide(visit: Visit, proposal_id: UUID, *, approve: bool) -> None:
    """By a second operator. Raises HTTPException: 404 where it does not wait, 409 by the same person, 412 where the
    first is no operator any more."""
    acting, now = acting_as(visit, Role.OPERATOR), clock.event_time()
    async with visit.speaking() as transaction:
        db = transaction.db
        row = await db.fetchrow(_ONE, proposal_id, now - WAITS_AT_MOST)
        if row is None:
            raise HTTPException(404)
        if approve:
            first = Acting(row["proposed_by"], Role.OPERATOR, row["proposed_in"])
            if acting.person_id == first.person_id:
                raise HTTPException(409)
            if not await db.fetchval(_STILL, first.person_id, first.organisation_id):
                raise HTTPException(412)
            message = RedriveRecords(
                service=row["service"],
                reason=next(one for one in Reason if one.value == row["reason"]),
                count_max=row["count_max"],
                actor=str(first.person_id),
                second_actor=str(acting.person_id),
            )
            command = prepare(visit.context, message, key=message.service, once=proposal_id)
            method = cast(Method, visit.session.method)
            headers = [
                (SIGNATURE, signature_of(visit.context, command, first, cast(Method, row["method"]))),
                (SECOND_SIGNATURE, signature_of(visit.context, command, acting, method)),
            ]
            say_with(transaction, command, headers)
        await db.execute(_DECIDE, proposal_id, acting.person_id, now, approve)
