"""Notices, per stage: what has happened to a person's requests since they last looked.

A request is new to a person when it changed after they saw it, alone or with all others. What is shown is where it
stands now: the last stage counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from throughline.lifecycle import ENDED, State, Substatus

SHOWN = 20
AT_FIRST = timedelta(days=7)
"""How far back a person looks who never said that they have seen anything."""

# One short read of an index for each payee, as in lists of requests.
_NEW = """
select r.request_id, r.number, r.state, r.substatus, r.acts, r.changed_at, p.effective_date, p.settled_on,
    v.dispute_id, v.dispute_outcome
from unnest((select portal_payees())) as own (payee_id)
cross join lateral (
    select * from requests r where r.payee_id = own.payee_id
      and r.changed_at > coalesce((select since from notices_since where person_id = portal_person()), $1)
      and not exists (select from notices_seen s where s.person_id = portal_person()
                      and s.request_id = r.request_id and s.changed_at >= r.changed_at)
    order by r.changed_at desc, r.request_id desc limit $2
) r left join payments p on p.payment_id = r.payment_id
left join versions v on v.request_id = r.request_id and v.version = r.version
order by r.changed_at desc, r.request_id desc limit $2
"""
_IS_NEW = """
select not exists (select from notices_seen s join requests r using (request_id)
                   where s.person_id = portal_person() and r.request_id = $1 and s.changed_at >= r.changed_at)
"""
_SEEN = """
insert into notices_seen (person_id, request_id, changed_at)
select portal_person(), request_id, $2 from requests where request_id = $1
on conflict (person_id, request_id) do update set changed_at = excluded.changed_at
where notices_seen.changed_at < excluded.changed_at
"""
_ALL_SEEN = """
insert into notices_since (person_id, since) values (portal_person(), $1)
on conflict (person_id) do update set since = excluded.since where notices_since.since < excluded.since
"""
_FORGET_SEEN = "delete from notices_seen where person_id = portal_person() and changed_at <= $1"


@dataclass(frozen=True, slots=True)
class Notice:
    """``stage`` names a sentence of the catalogue; ``on`` the date in it, where it has one."""

    request_id: UUID
    number: str
    stage: str
    on: date | None
    changed_at: datetime


def stage_of(state: str | None, substatus: str | None, acts: str) -> str:
    """The stage as people are told it, in the order of what matters first."""
    if substatus == Substatus.RETURNED:
        return "returned"
    if substatus == Substatus.DENIED:
        return "denied"
    if substatus in ENDED:
        return "ended"
    if acts == "provider":
        return "needs_you"
    match state:
        case State.SUBMITTED:
            return "accepted"
        case State.IN_REVIEW:
            return "in_review"
        case State.APPROVED:
            return "approved"
        case State.SCHEDULED:
            return "scheduled"
        case State.PAID:
            return "paid"
    return "looked_at"


def stage_of_dispute(outcome: str | None, stage: str) -> str:
    """Of what is disputed the dispute counts, but where it changed nothing of what is paid or on its way."""
    if outcome is None:
        return "dispute_waits"
    if outcome == "changed":
        return "dispute_changed"
    return "dispute_upheld" if outcome == "upheld" and stage == "denied" else stage


async def notices_of(db: asyncpg.Connection, now: datetime) -> list[Notice]:
    """The newest first; one more than are shown where there are more."""
    rows = await db.fetch(_NEW, now - AT_FIRST, SHOWN + 1)
    found = []
    for row in rows:
        stage = stage_of(row["state"], row["substatus"], row["acts"])
        if row["dispute_id"] is not None:
            stage = stage_of_dispute(row["dispute_outcome"], stage)
        on = {"scheduled": row["effective_date"], "paid": row["settled_on"]}.get(stage)
        found.append(Notice(row["request_id"], row["number"] or "", stage, on, row["changed_at"]))
    return found


async def is_new(db: asyncpg.Connection, request_id: UUID) -> bool:
    """Whether it changed after the person looked at it: most pages are looked at again, and write nothing."""
    found: bool = await db.fetchval(_IS_NEW, request_id)
    return found


async def see(db: asyncpg.Connection, request_id: UUID, changed_at: datetime) -> None:
    """The person looked at this request as it stood then: what came while the page was made is news."""
    await db.execute(_SEEN, request_id, changed_at)


async def see_all(db: asyncpg.Connection, until: datetime) -> None:
    """The person has seen everything up to an instant."""
    await db.execute(_ALL_SEEN, until)
    await db.execute(_FORGET_SEEN, until)
