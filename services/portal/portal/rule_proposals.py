"""Rules that wait for a second operator: proposed by one, published by another who proves that it is they.

The files, their hash, the version and the first day are fixed when they are proposed. The command names both people, so
its bytes are made at the publication; the step-up is over exactly those. Validation judges both signatures again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

import asyncpg
from fastapi import HTTPException

from chassis import clock
from portal.commands import Acting, acting_as
from portal.page import Visit
from portal.rules import Role
from throughline.rule_sets import PublishRuleSet, RuleFile, files_sha256
from throughline.signed import Method

WAITS_AT_MOST = timedelta(days=7)
"""A catalogue takes longer to look at than a change of people."""

_PROPOSE = """
insert into rule_proposals (proposal_id, version, effective_from, sha256, files, note, proposed_by, proposed_in, method,
                            proposed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_WAITING = """
select r.*, n.name from rule_proposals r left join account_names n on n.person_id = r.proposed_by
where r.decided_at is null and r.proposed_at > $1 order by r.proposed_at limit 50
"""
_ONE = """
select r.*, n.name from rule_proposals r left join account_names n on n.person_id = r.proposed_by
where r.proposal_id = $1 and r.decided_at is null and r.proposed_at > $2
"""
_DECIDE = """
update rule_proposals set decided_by = $2, decided_at = $3, approved = $4
where proposal_id = $1 and decided_at is null and proposed_at > $5 returning true
"""
_STILL = """
select 1 from person_roles join people using (person_id)
where person_id = $1 and organisation_id = $2 and role = 'operator' and active
"""
_NEWEST = "select coalesce(max(version), 0) from rule_sets"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A catalogue that waits for a second operator."""

    id: UUID
    version: int
    effective_from: date
    sha256: str
    files: dict[str, str]
    note: str
    proposed_by: UUID
    proposed_in: UUID
    method: Method
    proposed_at: datetime
    name: str | None
    """Of who proposed it."""


async def newest_version(db: asyncpg.Connection) -> int:
    """Of what validation said was published; 0 before the first."""
    return int(await db.fetchval(_NEWEST))


async def propose(visit: Visit, files: dict[str, str], effective_from: date, note: str) -> UUID:
    acting, proposal_id = acting_as(visit, Role.OPERATOR), uuid4()
    async with visit.writing() as db:
        await db.execute(
            _PROPOSE,
            proposal_id,
            await newest_version(db) + 1,
            effective_from,
            files_sha256(_rule_files(files)),
            json.dumps(files).encode(),
            note,
            acting.person_id,
            acting.organisation_id,
            visit.session.method,
            clock.event_time(),
        )
    return proposal_id


async def waiting(db: asyncpg.Connection) -> list[Proposal]:
    return [_proposal(row) for row in await db.fetch(_WAITING, clock.event_time() - WAITS_AT_MOST)]


async def one_waiting(db: asyncpg.Connection, proposal_id: UUID) -> Proposal:
    """Raises HTTPException 404 where it does not wait."""
    row = await db.fetchrow(_ONE, proposal_id, clock.event_time() - WAITS_AT_MOST)
    if row is None:
        raise HTTPException(404)
    return _proposal(row)


async def command_of(visit: Visit, db: asyncpg.Connection, proposal: Proposal) -> PublishRuleSet:
    """What the second operator is about to sign. Raises HTTPException: 409 by the same person, 412 where somebody
    published meanwhile."""
    if proposal.proposed_by == visit.session.person_id:
        raise HTTPException(409)
    if await newest_version(db) >= proposal.version:
        raise HTTPException(412)
    return PublishRuleSet(
        version=proposal.version,
        effective_from=proposal.effective_from,
        files=_rule_files(proposal.files),
        sha256=proposal.sha256,
        note=proposal.note,
        actor=str(visit.session.person_id),
        second_actor=str(proposal.proposed_by),
    )


async def published(db: asyncpg.Connection, visit: Visit, proposal_id: UUID) -> tuple[Acting, Method]:
    """It ends in the transaction that sends the command. Who proposed it signs beside, for how they had proved who they
    are. Raises HTTPException: 404 where it does not wait any more, 412 where they are no operator."""
    found = await one_waiting(db, proposal_id)
    if not await db.fetchval(_STILL, found.proposed_by, found.proposed_in):
        raise HTTPException(412)
    await _end(db, proposal_id, visit.session.person_id, approved=True)
    return Acting(found.proposed_by, Role.OPERATOR, found.proposed_in), found.method


async def drop(visit: Visit, proposal_id: UUID) -> None:
    """By any operator. Raises HTTPException 404."""
    async with visit.writing() as db:
        await _end(db, proposal_id, visit.session.person_id, approved=False)


async def _end(db: asyncpg.Connection, proposal_id: UUID, person_id: UUID, *, approved: bool) -> None:
    now = clock.event_time()
    if not await db.fetchval(_DECIDE, proposal_id, person_id, now, approved, now - WAITS_AT_MOST):
        raise HTTPException(404)


def _rule_files(files: dict[str, str]) -> tuple[RuleFile, ...]:
    return tuple(RuleFile(name=name, text=files[name]) for name in sorted(files))


def _proposal(row: asyncpg.Record) -> Proposal:
    return Proposal(
        row["proposal_id"],
        row["version"],
        row["effective_from"],
        row["sha256"],
        json.loads(row["files"]),
        row["note"],
        row["proposed_by"],
        row["proposed_in"],
        cast(Method, row["method"]),
        row["proposed_at"],
        row["name"],
    )
