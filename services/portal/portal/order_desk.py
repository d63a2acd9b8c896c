"""What can be ordered of one request: its item held or let go on, its payments taken back; and what is held now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

PAGE = 50

# The lifecycle's words: what is approved waits for its batch, what is on hold was held before it left.
_HELD = """
select r.request_id, r.number, r.payer, r.paid_cents, r.reason, r.changed_at, p.name as payee_name
from requests r left join payees p using (payee_id)
where r.state = 'Exception' and r.substatus = 'on hold'
  and ($1::timestamptz is null or (r.changed_at, r.request_id) > ($1, $2))
order by r.changed_at, r.request_id limit $3
"""
_FIND = """
select request_id, number, payer, paid_cents, state, substatus from requests
where number = $1 or payment_id::text = $1 or request_id::text = $1 order by received_at desc limit 20
"""
_REQUEST = """
select r.*, p.name as payee_name from requests r left join payees p using (payee_id)
where r.request_id = $1 and r.state is not null
"""
_ITEMS = """
select version, paid_cents, state, substatus from versions
where request_id = $1 and (state = 'Approved' or state = 'Exception' and substatus = 'on hold') order by version desc
"""
_PAYMENTS = """
select p.payment_id, p.amount_cents, p.item_count, p.trace_number, p.account_mask, p.state, p.settled_on, p.payer,
       e.name as payee_name
from payments p left join payees e using (payee_id)
where p.payment_id in (select payment_id from payment_items where request_id = $1) and p.sent_at is not null
order by p.sent_at desc, p.payment_id
"""


async def held(db: asyncpg.Connection, after: tuple[datetime | None, UUID]) -> list[asyncpg.Record]:
    """Who waits longest first, one row more than a page."""
    rows: list[asyncpg.Record] = await db.fetch(_HELD, *after, PAGE + 1)
    return rows


async def find(db: asyncpg.Connection, wanted: str) -> list[asyncpg.Record]:
    """By a request's number or id, or a payment's id."""
    rows: list[asyncpg.Record] = await db.fetch(_FIND, wanted)
    return rows


async def request(db: asyncpg.Connection, request_id: UUID) -> asyncpg.Record | None:
    return await db.fetchrow(_REQUEST, request_id)


async def items(db: asyncpg.Connection, request_id: UUID) -> list[asyncpg.Record]:
    """The versions of which an item waits or is held."""
    rows: list[asyncpg.Record] = await db.fetch(_ITEMS, request_id)
    return rows


async def payments(db: asyncpg.Connection, request_id: UUID) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await db.fetch(_PAYMENTS, request_id)
    return rows
