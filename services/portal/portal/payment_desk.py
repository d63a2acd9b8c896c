"""What operations staff see of batches and payments: the board, one batch, and what the bank sent back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

PAGE = 50

# What the bank's answers came to, counted from the payments: a batch has no answer of its own but a refusal.
_BOARD = """
select b.batch_id, b.bank, b."window", b.closed_at, b.effective_date, b.payment_count, b.total_cents, b.refused,
       b.file_name, b.held, count(p.payment_id) filter (where p.state = 'sent') as sent,
       count(p.payment_id) filter (where p.state = 'settled') as settled,
       count(p.payment_id) filter (where p.state in ('returned', 'refused') and p.sent_at is not null) as sent_back
from batches b left join payments p using (batch_id)
where ($1::date is null or (b.effective_date, b.batch_id) < ($1, $2)) and b.closed_at is not null
group by b.batch_id order by b.effective_date desc, b.batch_id desc limit $3
"""
_BATCH = "select * from batches where batch_id = $1"
# Before a batch leaves its payments are known by their items alone: who releases it sees them.
_PAYMENTS = """
select p.payment_id, p.payer, coalesce(p.amount_cents, i.amount_cents) as amount_cents,
       coalesce(p.item_count, i.item_count) as item_count, p.account_mask, p.trace_number, p.state, p.settled_on,
       p.returned_on, p.return_code, p.refused, p.remittance_id, e.name as payee_name
from payments p left join payees e using (payee_id) left join lateral (
    select sum(amount_cents)::bigint as amount_cents, count(*) as item_count
    from payment_items where payment_id = p.payment_id) as i on true
where p.batch_id = $1 and p.payment_id > $2 order by p.payment_id limit $3
"""
_SENT_BACK = """
select p.payment_id, p.payer, p.payee_id, p.amount_cents, p.account_mask, p.trace_number, p.state, p.returned_on,
       p.return_code, p.refused, p.effective_date, e.name as payee_name, a.state as account_state,
       a.payable_from, a.mask as account_now
from payments p left join payees e using (payee_id) left join payee_accounts a using (payee_id)
where p.state in ('returned', 'refused') and p.sent_at is not null
  and exists (select from requests r join payment_items i using (request_id)
              where i.payment_id = p.payment_id and r.payment_id = p.payment_id and r.state = 'Exception')
  and ($1::date is null or (p.effective_date, p.payment_id) < ($1, $2))
order by p.effective_date desc, p.payment_id desc limit $3
"""
_PAYMENT = """
select p.*, e.name as payee_name, a.mask as account_now
from payments p left join payees e using (payee_id) left join payee_accounts a using (payee_id)
where p.payment_id = $1
"""

NOBODY = UUID(int=0)


async def board(db: asyncpg.Connection, before: tuple[date | None, UUID]) -> list[asyncpg.Record]:
    """The latest first, one row more than a page."""
    rows: list[asyncpg.Record] = await db.fetch(_BOARD, *before, PAGE + 1)
    return rows


async def batch(db: asyncpg.Connection, batch_id: UUID) -> asyncpg.Record | None:
    return await db.fetchrow(_BATCH, batch_id)


async def payments_in(db: asyncpg.Connection, batch_id: UUID, after: UUID) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await db.fetch(_PAYMENTS, batch_id, after, PAGE + 1)
    return rows


async def sent_back(db: asyncpg.Connection, before: tuple[date | None, UUID]) -> list[asyncpg.Record]:
    """Payments returned or refused whose requests are not on their way again."""
    rows: list[asyncpg.Record] = await db.fetch(_SENT_BACK, *before, PAGE + 1)
    return rows


async def payment(db: asyncpg.Connection, payment_id: UUID) -> asyncpg.Record | None:
    return await db.fetchrow(_PAYMENT, payment_id)


def before_of(text: str | None) -> tuple[date | None, UUID]:
    """Where a list goes on, from an address. Raises ValueError where the text is no place."""
    if not text:
        return None, NOBODY
    day, _, identity = text.partition("~")
    return date.fromisoformat(day), UUID(identity)


def place_of(row: Any, identity: str) -> str:
    return f"{row['effective_date'].isoformat()}~{row[identity]}"
