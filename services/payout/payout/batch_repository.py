"""Batches and payments in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from payout.domain import AccountState, Payable, Waiting
from payout.repository import PayerRow
from throughline.reasons import Reason


async def is_closed(db: asyncpg.Connection | asyncpg.Pool, bank: str, window: str) -> bool:
    found = await db.fetchval("select 1 from batches where bank = $1 and window_id = $2", bank, window)
    return found is not None


async def claim_window(
    db: asyncpg.Connection, batch_id: UUID, bank: str, window: str, effective: date
) -> datetime | None:
    """Closes the window for every other replica: one row per (bank, window), for ever. None where it was closed."""
    closed_at: datetime | None = await db.fetchval(
        """
        insert into batches (batch_id, bank, window_id, effective_date, state) values ($1, $2, $3, $4, 'empty')
        on conflict do nothing returning closed_at
        """,
        batch_id,
        bank,
        window,
        effective,
    )
    return closed_at


async def payers_of(db: asyncpg.Connection, bank: str) -> dict[str, PayerRow]:
    rows = await db.fetch(
        "select payer, name, tin, bank, release_by_person from payers where bank = $1", bank
    )
    return {row["payer"]: PayerRow(*row) for row in rows}


async def lock_waiting(db: asyncpg.Connection, payers: Sequence[str], before: datetime) -> list[Waiting]:
    """Every item of these payers that waited before an instant, locked in the order that stopping takes too."""
    rows = await db.fetch(
        """
        select decision_id, request_id, version, payer, payee_id, programme, entry, cents, came_back, waiting_since
        from items
        where state = 'waiting' and payer = any($1::text[]) and waiting_since < $2
        order by decision_id for update
        """,
        list(payers),
        before,
    )
    return [Waiting(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class PayeeFacts:
    """A payee with its account still sealed."""

    identifier: str
    name: str
    payable: Payable
    sealed: bytes


async def payees_with_accounts(db: asyncpg.Connection, payee_ids: Sequence[UUID]) -> dict[UUID, PayeeFacts]:
    """Payees that have an account in use; their rows are kept as they are until the batch has closed.

    Two statements on purpose: the second one's snapshot is taken when the locks are held, so it sees a change of
    account that was asked for while the first one waited.
    """
    ids = sorted(set(payee_ids))
    await db.execute(
        """
        select 1 from accounts where payee_id = any($1::uuid[]) and state in ('active', 'held')
        order by token for share
        """,
        ids,
    )
    rows = await db.fetch(
        """
        select p.payee_id, p.identifier, p.name, a.token, a.mask, a.state, a.payable_from, a.sealed,
            exists (select 1 from accounts u where u.payee_id = p.payee_id and u.state = 'unconfirmed') as pending
        from payees p join accounts a on a.payee_id = p.payee_id and a.state in ('active', 'held')
        where p.payee_id = any($1::uuid[])
        order by a.token for share of a
        """,
        ids,
    )
    return {
        row["payee_id"]: PayeeFacts(
            row["identifier"],
            row["name"],
            Payable(
                row["token"], row["mask"], AccountState(row["state"]), row["payable_from"], row["pending"]
            ),
            row["sealed"],
        )
        for row in rows
    }


async def reserve_traces(db: asyncpg.Connection, odfi: str, count: int) -> int:
    """The first of `count` trace sequences of an ODFI. They rise over all files, and begin again only when the seven
    digits are used up, never inside a file."""
    last: int = await db.fetchval(
        """
        insert into trace_numbers as t (odfi, last) values ($1, $2)
        on conflict (odfi) do update set last = case when t.last + $2 > 9999999 then $2 else t.last + $2 end
        returning last
        """,
        odfi,
        count,
    )
    return last - count + 1


async def raise_traces(db: asyncpg.Connection, odfi: str, used: int) -> None:
    """A trace sequence that has left counts as used, after a restore."""
    await db.execute(
        """
        insert into trace_numbers as t (odfi, last) values ($1, $2)
        on conflict (odfi) do update set last = greatest(t.last, excluded.last)
        """,
        odfi,
        used,
    )


async def files_of_day(db: asyncpg.Connection | asyncpg.Pool, bank: str, day: date) -> int:
    """How many files of the day there are."""
    used = await db.fetchval("select used from file_days where bank = $1 and day = $2", bank, day)
    return used or 0


async def file_of_day(db: asyncpg.Connection, bank: str, day: date) -> int:
    """How many files of the day there are with this one."""
    used: int = await db.fetchval(
        """
        insert into file_days as f (bank, day, used) values ($1, $2, 1)
        on conflict (bank, day) do update set used = f.used + 1 returning used
        """,
        bank,
        day,
    )
    return used


@dataclass(frozen=True, slots=True)
class PaymentRow:
    payment_id: UUID
    batch_id: UUID
    payer: str
    payee_id: UUID
    payee_name: str
    account_token: str
    account_mask: str
    programme: str
    entry: str
    cents: int
    item_count: int
    items_hash: str
    trace_number: str
    payer_trace_id: str
    ach_trace: str
    odfi_routing: str
    rdfi_routing: str
    effective_date: date


async def insert_payments(db: asyncpg.Connection, payments: Sequence[PaymentRow]) -> None:
    if not payments:
        return
    columns = list(PaymentRow.__slots__)
    await db.execute(
        f"""
        insert into payments ({", ".join(columns)}, state)
        select t.*, 'scheduled' from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::bigint[], $11::int[], $12::text[], $13::text[], $14::text[],
            $15::text[], $16::text[], $17::text[], $18::date[]) as t
        """,
        *[[getattr(one, column) for one in payments] for column in columns],
    )


async def schedule_items(db: asyncpg.Connection, membership: Sequence[tuple[UUID, UUID]]) -> None:
    """(item, payment): membership in the batch. They are told of in chunks, by `announce`."""
    if membership:
        await db.execute(
            """
            update items as i set state = 'scheduled', payment_id = t.payment_id, announced = false, reason = null,
                came_back = false
            from unnest($1::uuid[], $2::uuid[]) as t (decision_id, payment_id) where i.decision_id = t.decision_id
            """,
            [one for one, _ in membership],
            [payment for _, payment in membership],
        )


async def hold_items(db: asyncpg.Connection, held: Sequence[tuple[UUID, Reason]]) -> None:
    if held:
        await db.execute(
            """
            update items as i set state = 'held', reason = t.reason
            from unnest($1::uuid[], $2::text[]) as t (decision_id, reason) where i.decision_id = t.decision_id
            """,
            [one for one, _ in held],
            [reason.value for _, reason in held],
        )


async def store_file(
    db: asyncpg.Connection,
    batch_id: UUID,
    *,
    name: str,
    content: bytes,
    sha256: str,
    payments: int,
    cents: int,
    entry_hash: int,
    dated_until: datetime,
    awaits_release: bool,
    reversals: int = 0,
    reversal_cents: int = 0,
) -> None:
    """Name and bytes, before anything leaves; or before a person lets it."""
    await db.execute(
        """
        update batches set state = case when $10 then 'awaiting' else 'built' end, file_date = effective_date,
            dated_until = $9, reversal_count = $11, reversal_cents = $12,
            file_name = $2, file_bytes = $3, file_sha256 = $4, file_size = $5,
            payment_count = $6, total_cents = $7, entry_hash = $8
        where batch_id = $1
        """,
        batch_id,
        name,
        content,
        sha256,
        len(content),
        payments,
        cents,
        entry_hash,
        dated_until,
        awaits_release,
        reversals,
        reversal_cents,
    )
