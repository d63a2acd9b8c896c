"""Payments as bank files change them: found by ACH trace, locked in order, stored at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg


@dataclass(slots=True)
class LockedPayment:
    """The part of a payment that the bank's word may change, and what it is compared with."""

    payment_id: UUID
    batch_id: UUID
    payer: str
    payer_trace_id: str
    payee_id: UUID
    account_token: str
    ach_trace: str
    cents: int
    state: str
    settled_on: date | None = None
    statement_reference: str | None = None
    return_code: str | None = None
    returned_on: date | None = None
    return_trace: str | None = None


_COLUMNS = ", ".join(f"p.{name}" for name in LockedPayment.__slots__)


async def lock_by_trace(db: asyncpg.Connection, traces: Sequence[str]) -> dict[str, LockedPayment]:
    """The latest payment of each trace: the seven digits come round again after ten million entries, and a later
    reversal may have them."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from payments p where p.ach_trace = any($1::text[]) and not exists (
            select 1 from payments later
            where later.ach_trace = p.ach_trace and later.effective_date > p.effective_date)
            and not exists (
                select 1 from reversals r where r.ach_trace = p.ach_trace and r.effective_date > p.effective_date)
        order by p.payment_id for update of p
        """,
        sorted(set(traces)),
    )
    return {row["ach_trace"]: LockedPayment(*row) for row in rows}


async def lock_of_batch(db: asyncpg.Connection, batch_id: UUID) -> list[LockedPayment]:
    rows = await db.fetch(
        f"select {_COLUMNS} from payments p where p.batch_id = $1 order by p.payment_id for update", batch_id
    )
    return [LockedPayment(*row) for row in rows]


async def store_payments(db: asyncpg.Connection, payments: Sequence[LockedPayment]) -> None:
    if not payments:
        return
    await db.execute(
        """
        update payments as p set state = t.state, settled_on = t.settled_on,
            statement_reference = t.statement_reference, return_code = t.return_code, returned_on = t.returned_on,
            return_trace = t.return_trace
        from unnest($1::uuid[], $2::text[], $3::date[], $4::text[], $5::text[], $6::date[], $7::text[])
            as t (payment_id, state, settled_on, statement_reference, return_code, returned_on, return_trace)
        where p.payment_id = t.payment_id
        """,
        [one.payment_id for one in payments],
        [one.state for one in payments],
        [one.settled_on for one in payments],
        [one.statement_reference for one in payments],
        [one.return_code for one in payments],
        [one.returned_on for one in payments],
        [one.return_trace for one in payments],
    )
