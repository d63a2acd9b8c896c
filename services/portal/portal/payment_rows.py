"""Payments as lists and downloads show them: what was owed, recovered and paid; by key, never by offset."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

PAGE = 50
DOWNLOAD_PAGE = 200
STATES = ("scheduled", "sent", "settled", "returned", "refused", "reversed")
NOT_PAID = ("returned", "refused", "reversed")
"""The money did not stay with the payee: no total counts these."""

_WHERE = """
p.payee_id = own.payee_id and ($2::text is null or p.state = $2) and ($3::text is null or p.payer = $3)
    and ($4::date is null or p.effective_date >= $4) and ($5::date is null or p.effective_date <= $5)
    and p.effective_date is not null
"""
_OWN = "unnest(case when $1::uuid is null then (select portal_payees()) else array[$1] end) as own (payee_id)"
_LIST = f"""
select p.*, e.name as payee_name, y.name as payer_name,
    (select coalesce(sum(i.amount_cents), 0)::bigint from payment_items i
     where i.payment_id = p.payment_id) as gross_cents
from {_OWN}
cross join lateral (
    select * from payments p where {_WHERE}
        and ($6::date is null or (p.effective_date, p.payment_id) < ($6, $7))
    order by p.effective_date desc, p.payment_id desc limit $8
) p
left join payees e on e.payee_id = p.payee_id left join payers y on y.payer = p.payer
order by p.effective_date desc, p.payment_id desc limit $8
"""
_SUMS = f"""
select count(*) as n, count(*) filter (where p.state <> all($6)) as live_count,
    coalesce(sum(p.amount_cents) filter (where p.state <> all($6)), 0)::bigint as net_cents,
    coalesce(sum(p.amount_cents) filter (where p.state = 'settled'), 0)::bigint as settled_cents,
    coalesce(sum(p.amount_cents) filter (where p.state = any($6)), 0)::bigint as returned_cents,
    count(*) filter (where p.state = any($6)) as returned_count,
    count(p.settled_on) as settled_count,
    count(*) filter (where p.settled_on <= p.effective_date) as on_day_count
from {_OWN} join payments p on {_WHERE}
"""
_ONE = """
select p.*, e.name as payee_name, y.name as payer_name, m.format, m.reversed_at, m.claim_count
from payments p left join payees e on e.payee_id = p.payee_id left join payers y on y.payer = p.payer
left join remittances m on m.remittance_id = p.remittance_id where p.payment_id = $1
"""
_ITEMS = """
select i.payment_id, i.request_id, i.version, i.amount_cents, v.number, v.payer_claim_number, v.lines, v.charge_cents,
    v.statement
from payment_items i left join versions v using (request_id, version)
where i.payment_id = any($1::uuid[]) order by i.payment_id, v.number, i.request_id
"""


Reading = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a person narrows the list to; dates are those on which the money is there."""

    state: str | None = None
    payer: str | None = None
    payee_id: UUID | None = None
    since: date | None = None
    until: date | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        return (self.payee_id, self.state, self.payer, self.since, self.until)


@dataclass(frozen=True, slots=True)
class After:
    effective_date: date
    payment_id: UUID

    @classmethod
    def read(cls, text: str | None) -> After | None:
        try:
            day, _, payment_id = (text or "").partition("_")
            return cls(date.fromisoformat(day), UUID(payment_id))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.effective_date.isoformat()}_{self.payment_id}"


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[dict[str, Any]]
    next: str | None


async def payments_of(
    db: asyncpg.Connection, wanted: Filter, after: After | None = None, size: int = PAGE
) -> Page:
    """One page, the latest first."""
    at = (None, None) if after is None else (after.effective_date, after.payment_id)
    rows = await db.fetch(_LIST, *wanted.values, *at, size + 1)
    page = [dict(row) for row in rows[:size]]
    for row in page:
        row["recovered_cents"] = recovered_cents(row["gross_cents"], row["amount_cents"])
    more = len(rows) > size
    return Page(page, str(After(page[-1]["effective_date"], page[-1]["payment_id"])) if more else None)


async def sums_of(db: asyncpg.Connection, wanted: Filter) -> dict[str, int]:
    """Of everything that the filter lets through: what stands, and apart from it what came back or never went."""
    return dict(await db.fetchrow(_SUMS, *wanted.values, list(NOT_PAID)))


def recovered_cents(gross_cents: int, amount_cents: int | None) -> int | None:
    """What was kept back of what was owed; None where the amount of the payment is not known yet."""
    return None if amount_cents is None else gross_cents - amount_cents


async def one_payment(db: asyncpg.Connection, payment_id: UUID) -> dict[str, Any] | None:
    """The payment with its items and their priced lines; None where it is not the caller's to see."""
    row = await db.fetchrow(_ONE, payment_id)
    if row is None:
        return None
    items = await items_of(db, [payment_id])
    gross = sum(item["amount_cents"] for item in items)
    return dict(row) | {
        "items": items,
        "gross_cents": gross,
        "recovered_cents": recovered_cents(gross, row["amount_cents"]),
    }


async def items_of(db: asyncpg.Connection, payments: list[UUID]) -> list[dict[str, Any]]:
    rows = [dict(row) for row in await db.fetch(_ITEMS, payments)]
    for row in rows:
        row["lines"] = json.loads(row["lines"]) if row["lines"] is not None else []
    return rows


async def every_payment(reading: Reading, wanted: Filter) -> AsyncIterator[dict[str, Any]]:
    """Each payment with its items, for a download: page after page, each in a transaction of its own, so that a slow
    reader holds neither memory nor a connection."""
    after = None
    while True:
        async with reading() as db:
            page = await payments_of(db, wanted, after, DOWNLOAD_PAGE)
            items: dict[UUID, list[dict[str, Any]]] = {}
            for item in await items_of(db, [row["payment_id"] for row in page.rows]):
                items.setdefault(item["payment_id"], []).append(item)
        for row in page.rows:
            yield row | {"items": items.get(row["payment_id"], [])}
        if page.next is None:
            return
        after = After.read(page.next)


async def every_remittance(reading: Reading, wanted: Filter) -> AsyncIterator[UUID]:
    """The remittance of each payment that has one, as ``every_payment``."""
    after = None
    while True:
        async with reading() as db:
            page = await payments_of(db, wanted, after, DOWNLOAD_PAGE)
        for row in page.rows:
            if row["remittance_id"] is not None:
                yield row["remittance_id"]
        if page.next is None:
            return
        after = After.read(page.next)
