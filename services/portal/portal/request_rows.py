"""Requests as lists show them: by state, payer, number and payee; by key, never by offset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from portal.instants import instant_of

PAGE = 50

# One short read of an index for each payee, then the newest of all: payees are few, requests many. Only conditions that
# are asked for stand in the statement: an index is chosen for each, also by a plan that is made once for all values.
_LIST = """
select r.request_id, r.payee_id, r.number, r.payer, r.partner, r.version, r.state, r.substatus, r.reason, r.acts,
    r.charge_cents, r.paid_cents, r.first_service, r.received_on, r.changed_at,
    p.name as payee_name, y.name as payer_name
from unnest({payees}) as own (payee_id)
cross join lateral (
    select * from requests r where r.payee_id = own.payee_id and r.changed_at is not null {conditions}
    order by r.changed_at desc, r.request_id desc limit {size}
) r
left join payees p on p.payee_id = r.payee_id left join payers y on y.payer = r.payer
order by r.changed_at desc, r.request_id desc limit {size}
"""
# By the index of each payee, and no further than is shown: what others have makes no page slower.
_TO_ACT = """
select count(*) from (
    select from unnest((select portal_payees())) as own (payee_id)
    cross join lateral (
        select from requests r where r.payee_id = own.payee_id and r.acts = 'provider' limit $1) r
    limit $1) as waiting
"""
_ON_ITS_WAY = """
select state, sum(n)::bigint as n, sum(cents)::bigint as cents
from unnest((select portal_payees())) as own (payee_id)
cross join lateral (
    select state, count(*) as n, sum(coalesce(paid_cents, charge_cents)) as cents from requests r
    where r.payee_id = own.payee_id and r.state in ('Submitted', 'In review', 'Approved', 'Payout scheduled')
        and r.substatus in ('', 'on hold')
    group by state
) r group by state
"""
COUNTED_MAX = 1000
"""Of more than these that wait for the provider a page says no more than that."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a person narrows the list to. ``needs_me``: only what the provider must mend."""

    state: str | None = None
    number: str | None = None
    payer: str | None = None
    payee_id: UUID | None = None
    needs_me: bool = False


@dataclass(frozen=True, slots=True)
class After:
    """The last row of the page before."""

    changed_at: datetime
    request_id: UUID

    @classmethod
    def read(cls, text: str | None) -> After | None:
        """None for the first page, and for what no page of ours wrote."""
        try:
            at, _, request_id = (text or "").partition("_")
            return cls(instant_of(at), UUID(request_id))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.changed_at.isoformat()}_{self.request_id}"


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[dict[str, Any]]
    next: str | None


async def requests_of(
    db: asyncpg.Connection, wanted: Filter, after: After | None = None, size: int = PAGE
) -> Page:
    """One page, what changed last first."""
    query, values = _query(wanted, after, size + 1)
    rows = await db.fetch(query, *values)
    page = [dict(row) for row in rows[:size]]
    more = len(rows) > size
    return Page(page, str(After(page[-1]["changed_at"], page[-1]["request_id"])) if more else None)


_PAYEES = """
select payee_id, name, kind, identifier from payees p where $1::uuid is null or exists
    (select from organisation_payees o where o.payee_id = p.payee_id and o.organisation_id = $1)
order by name
"""


async def payees_of(db: asyncpg.Connection, organisation_id: UUID | None = None) -> list[dict[str, Any]]:
    """The payees of the caller's organisations, or of one of them, by name."""
    return [dict(row) for row in await db.fetch(_PAYEES, organisation_id)]


async def payers_known(db: asyncpg.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch("select payer, name from payers order by name")]


async def to_act(db: asyncpg.Connection) -> int:
    """How many requests wait for the provider; one more than ``COUNTED_MAX`` where they are more."""
    found: int = await db.fetchval(_TO_ACT, COUNTED_MAX + 1)
    return found


async def on_its_way(db: asyncpg.Connection) -> dict[str, dict[str, Any]]:
    """Count and cents by state, of what has not ended and waits for nobody of the provider's."""
    return {row["state"]: dict(row) for row in await db.fetch(_ON_ITS_WAY)}


def _query(wanted: Filter, after: After | None, size: int) -> tuple[str, list[Any]]:
    values: list[Any] = []

    def given(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    payees = "(select portal_payees())"
    if wanted.payee_id is not None:
        payees = f"array[{given(wanted.payee_id)}::uuid]"
    conditions = []
    if wanted.state:
        conditions.append(f"r.state = {given(wanted.state)}")
    if wanted.needs_me:
        conditions.append("r.acts = 'provider'")
    if wanted.payer:
        conditions.append(f"r.payer = {given(wanted.payer)}")
    if wanted.number and not wanted.number.isascii():
        conditions.append("false")  # no request number holds such a character
    elif wanted.number:
        first, behind = given(wanted.number), given(_behind(wanted.number))
        conditions.append(f"r.number ~>=~ {first} and r.number ~<~ {behind}")
    if after is not None:
        at, request_id = given(after.changed_at), given(after.request_id)
        conditions.append(f"(r.changed_at, r.request_id) < ({at}::timestamptz, {request_id}::uuid)")
    text = "".join(f" and {one}" for one in conditions)
    return _LIST.format(payees=payees, conditions=text, size=size), values


def _behind(number: str) -> str:
    """The first text that no longer begins with this."""
    return number[:-1] + chr(ord(number[-1]) + 1)
