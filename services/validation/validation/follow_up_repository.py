"""SQL of follow-ups: what is stored to be done, and the approvals that each is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from validation.near_duplicates.keys import in_month

KINDS = ("coverage", "screening", "provider", "renamed", "contract")
"""That this release knows how to work off. One of a newer release's is left to its replicas."""
_STORE = """
insert into follow_ups (follow_up_id, kind, payer, member, since, payee)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::date[], $6::uuid[])
on conflict (follow_up_id) do nothing
"""
# A transaction that began before what caused the follow-up was committed may still approve by what stood before, and
# what it approves is not to be seen yet. None lives as long as ten minutes: the database ends those that stand idle.
_TAKE_ONE = """
select follow_up_id, kind, payer, member, since, payee, after, begun_before from follow_ups
where kind = any($1::text[])
    and (begun_before is null or begun_before <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        or stored_at < clock_timestamp() - interval '10 minutes')
order by stored_at limit 1 for update skip locked
"""
_WAIT = """
update follow_ups set begun_before = pg_snapshot_xmax(pg_current_snapshot())::text::bigint where follow_up_id = $1
"""
_BEGIN_AGAIN = """
update follow_ups set after = default, stored_at = clock_timestamp() where follow_up_id = $1
"""
_OF_MEMBER = """
select distinct n.request_id from near_keys n
join versions v on v.request_id = n.request_id and v.version = n.version
where n.member = any($1::bigint[]) and v.state in ('approved', 'final') and v.payer = $2 and n.request_id > $3
order by n.request_id limit $4
"""
_OF_PARTIES = """
select request_id from versions
where state in ('approved', 'final') and payee_id = any($1::uuid[]) and request_id > $3
union
select request_id from versions
where state in ('approved', 'final') and rendering_npi is not null and rendering_npi = any($2::bigint[])
    and request_id > $3
order by request_id limit $4
"""
_OF_PAYER = """
select distinct request_id from versions
where state in ('approved', 'final') and payer = $1 and received_on >= $2 and request_id > $3
order by request_id limit $4
"""
_FIRST_DAY, _A_YEAR = date(1900, 1, 1), timedelta(days=365)
_MONTHS_MAX = 1_200
"""A century of service months; one look-up in an index each."""
_MONTHS_AHEAD = 12
"""Services of a later day than they are billed on are rare, and a reviewer's decision."""


class FollowUp(NamedTuple):
    follow_up_id: UUID
    kind: str
    payer: str | None = None
    member: int | None = None
    since: date | None = None
    payee: UUID | None = None


async def store_follow_ups(db: asyncpg.Connection, rows: Sequence[FollowUp]) -> None:
    """What was stored under the same id stays as it is."""
    if rows:
        await db.execute(_STORE, *[list(column) for column in zip(*rows, strict=True)])


async def take_one(db: asyncpg.Connection) -> asyncpg.Record | None:
    """The oldest that no other replica holds and that need not wait; its row is locked."""
    return await db.fetchrow(_TAKE_ONE, list(KINDS))


async def wait_for_those_before(db: asyncpg.Connection, follow_up_id: UUID) -> None:
    """It begins once all transactions of this moment have ended."""
    await db.execute(_WAIT, follow_up_id)


async def approved_of_member(
    db: asyncpg.Connection, follow_up: asyncpg.Record, until: date, limit: int
) -> list[UUID]:
    """Requests with an approval of the member's services, from the month of the first lost day on."""
    since: date = follow_up["since"]
    last = until.year * 12 + until.month - 1 + _MONTHS_AHEAD
    first = max(since.year * 12 + since.month - 1, last - _MONTHS_MAX)
    keys = [in_month(follow_up["member"], month) for month in range(first, last + 1)]
    rows = await db.fetch(_OF_MEMBER, keys, follow_up["payer"], follow_up["after"], limit)
    return [UUID(int=row["request_id"].int) for row in rows]


async def approved_of_parties(
    db: asyncpg.Connection,
    follow_up: asyncpg.Record,
    payees: Sequence[UUID],
    npis: Sequence[int],
    limit: int,
) -> list[UUID]:
    """Requests with an approval for these payees, or of services that these providers gave."""
    rows = await db.fetch(_OF_PARTIES, payees, npis, follow_up["after"], limit)
    return [UUID(int=row["request_id"].int) for row in rows]


async def approved_of_payer(db: asyncpg.Connection, follow_up: asyncpg.Record, limit: int) -> list[UUID]:
    """Requests to a payer with an approval, received since what was taken back or in the year before: services of a
    later day than they are billed on are rare."""
    since = max(follow_up["since"], _FIRST_DAY) - _A_YEAR
    rows = await db.fetch(_OF_PAYER, follow_up["payer"], since, follow_up["after"], limit)
    return [UUID(int=row["request_id"].int) for row in rows]


async def done_until(db: asyncpg.Connection, follow_up_id: UUID, ids: Sequence[UUID], limit: int) -> None:
    """Go on behind the last request of a full chunk; else it is done."""
    if len(ids) < limit:
        await db.execute("delete from follow_ups where follow_up_id = $1", follow_up_id)
    else:
        await db.execute("update follow_ups set after = $2 where follow_up_id = $1", follow_up_id, ids[-1])


async def begin_again(db: asyncpg.Connection, follow_up_id: UUID) -> None:
    """From the first request on, behind all others that are stored."""
    await db.execute(_BEGIN_AGAIN, follow_up_id)
