"""Payments to be taken back: one person proposes it, another approves it with a step-up, both sign.

The order names who approves it, so its bytes are made at the approval, and the step-up is over them; the portal signs
for both, each for what they did in a session of theirs. Payout checks the step-up itself, and that they are two people
who may order it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import asyncpg
from fastapi import HTTPException

from chassis import clock
from portal.commands import Acting, acting_as
from portal.page import Visit
from portal.read_model.sealed_content import ContentKey
from portal.rules import Role
from throughline.orders import ReversalCause
from throughline.signed import Method

WAITS_AT_MOST = timedelta(days=1)
"""What a person proposed yesterday they may no longer mean; five banking days run meanwhile."""
_SEALED_AS = "order_proposals.content"

_PROPOSE = """
insert into order_proposals (proposal_id, payment_id, cause, content, proposed_by, proposed_in, method, proposed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_WAITING = """
select o.*, n.name, p.amount_cents, p.trace_number, e.name as payee_name from order_proposals o
left join account_names n on n.person_id = o.proposed_by
left join payments p using (payment_id) left join payees e using (payee_id)
where o.decided_at is null and o.proposed_at > $1 order by o.proposed_at limit 50
"""
_ONE = "select * from order_proposals where proposal_id = $1 and decided_at is null and proposed_at > $2 for update"
_DECIDE = "update order_proposals set decided_by = $2, decided_at = $3, approved = $4 where proposal_id = $1"
_STILL = """
select 1 from person_roles join people using (person_id)
where person_id = $1 and organisation_id = $2 and role = $3 and active
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A payment that one person wants taken back."""

    payment_id: UUID
    cause: ReversalCause
    note: str
    first: Acting
    method: Method
    """How the first person proved who they are."""


async def propose(visit: Visit, payment_id: UUID, cause: ReversalCause, note: str) -> None:
    acting, identity = acting_as(visit, Role.RELEASER), uuid4()
    sealed = visit.context.resources.content_key.seal(note.encode(), _SEALED_AS, identity)
    async with visit.writing() as db:
        await db.execute(
            _PROPOSE,
            identity,
            payment_id,
            cause,
            sealed,
            acting.person_id,
            acting.organisation_id,
            visit.session.method,
            clock.event_time(),
        )


async def waiting(db: asyncpg.Connection, key: ContentKey) -> list[dict[str, object]]:
    """What waits for a second person, with the name and words of the first."""
    rows = await db.fetch(_WAITING, clock.event_time() - WAITS_AT_MOST)
    return [{**row, "note": _note_of(row, key)} for row in rows]


async def of_another(db: asyncpg.Connection, visit: Visit, proposal_id: UUID) -> Proposal:
    """As another person may approve it. Raises HTTPException: 404 where it does not wait, 409 by the same person, 412
    where the first may not order it any more."""
    row = await db.fetchrow(_ONE, proposal_id, clock.event_time() - WAITS_AT_MOST)
    if row is None:
        raise HTTPException(404)
    first = Acting(row["proposed_by"], Role.RELEASER, row["proposed_in"])
    if visit.session.person_id == first.person_id:
        raise HTTPException(409)
    if not await db.fetchval(_STILL, first.person_id, first.organisation_id, first.role.value):
        raise HTTPException(412)
    return Proposal(
        row["payment_id"],
        cast(ReversalCause, row["cause"]),
        _note_of(row, visit.context.resources.content_key),
        first,
        cast(Method, row["method"]),
    )


async def approved(db: asyncpg.Connection, visit: Visit, proposal_id: UUID) -> Proposal:
    """It is approved, in the transaction that sends the order. Raises as ``of_another``."""
    found = await of_another(db, visit, proposal_id)
    await db.execute(_DECIDE, proposal_id, visit.session.person_id, clock.event_time(), True)
    return found


async def drop(visit: Visit, proposal_id: UUID) -> None:
    """By either of them, or anybody who could approve it. Raises HTTPException 404 where it does not wait."""
    async with visit.writing() as db:
        if await db.fetchrow(_ONE, proposal_id, clock.event_time() - WAITS_AT_MOST) is None:
            raise HTTPException(404)
        await db.execute(_DECIDE, proposal_id, visit.session.person_id, clock.event_time(), False)


def _note_of(row: asyncpg.Record, key: ContentKey) -> str:
    note: bytes = key.open(row["content"], _SEALED_AS, row["proposal_id"])
    return note.decode()
