"""Items, payers and the journal in PostgreSQL: set-based statements, rows locked in sorted order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from payout.domain import REASONS, Item, ItemState
from payout.ledger import MOVES, JournalEntry
from throughline.reasons import Reason

ITEM = "decision_id, request_id, version, payer, payee_id, cents, state, reason, payment_id, came_back, revoked_by"


def item_of(row: asyncpg.Record) -> Item:
    return Item(
        row["decision_id"],
        row["request_id"],
        row["version"],
        row["payer"],
        row["payee_id"],
        row["cents"],
        ItemState(row["state"]),
        REASONS[row["reason"]] if row["reason"] else None,
        row["payment_id"],
        row["came_back"],
        row["revoked_by"],
    )


async def lock_items_of_requests(db: asyncpg.Connection, request_ids: Iterable[UUID]) -> list[Item]:
    """Every item of these requests, locked: closing a batch waits for us, or we for it."""
    rows = await db.fetch(
        f"select {ITEM} from items where request_id = any($1::uuid[]) order by decision_id for update",
        sorted(set(request_ids)),
    )
    return [item_of(row) for row in rows]


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item with what is stored beside it: everything its ItemScheduled will carry."""

    item: Item
    programme: str
    entry: str
    """The bank entry that pays it, as `rails.ach` writes it down."""
    correlation_id: str
    adjudication: bytes
    approved_by: str | None = None
    """The person who approved it; None where rules did."""
    first_approved_by: str | None = None
    """Who approved before, where two people must."""


async def insert_items(db: asyncpg.Connection, new: Sequence[NewItem], waiting_since: datetime) -> None:
    if not new:
        return
    items = [one.item for one in new]
    await db.execute(
        """
        insert into items (decision_id, request_id, version, payer, payee_id, programme, entry, cents, state, reason,
            waiting_since, correlation_id, adjudication, revoked_by, approved_by, first_approved_by)
        select decision_id, request_id, version, payer, payee_id, programme, entry, cents, state, reason,
            $13, correlation_id, adjudication, revoked_by, approved_by, first_approved_by
        from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::uuid[], $6::text[], $7::bigint[], $8::text[],
            $9::text[], $10::text[], $11::bytea[], $12::uuid[], $14::text[], $15::text[], $16::text[])
            as t (decision_id, request_id, version, payer, payee_id, programme, cents, state, reason,
                correlation_id, adjudication, revoked_by, approved_by, first_approved_by, entry)
        """,
        [item.decision_id for item in items],
        [item.request_id for item in items],
        [item.version for item in items],
        [item.payer for item in items],
        [item.payee_id for item in items],
        [one.programme for one in new],
        [item.cents for item in items],
        [item.state.value for item in items],
        [item.reason.value if item.reason else None for item in items],
        [one.correlation_id for one in new],
        [one.adjudication for one in new],
        [item.revoked_by for item in items],
        waiting_since,
        [one.approved_by for one in new],
        [one.first_approved_by for one in new],
        [one.entry for one in new],
    )


async def update_items(db: asyncpg.Connection, items: Sequence[Item], waiting_since: datetime) -> None:
    """Store new states of locked items. `waiting_since` counts for those that wait again."""
    if not items:
        return
    await db.execute(
        """
        update items as i set state = t.state, reason = t.reason, payment_id = t.payment_id, came_back = t.came_back,
            revoked_by = t.revoked_by,
            waiting_since = case when t.state = 'waiting' and i.state <> 'waiting' then $7 else i.waiting_since end
        from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bool[], $6::uuid[])
            as t (decision_id, state, reason, payment_id, came_back, revoked_by)
        where i.decision_id = t.decision_id
        """,
        [item.decision_id for item in items],
        [item.state.value for item in items],
        [item.reason.value if item.reason else None for item in items],
        [item.payment_id for item in items],
        [item.came_back for item in items],
        [item.revoked_by for item in items],
        waiting_since,
    )


async def post(db: asyncpg.Connection, entries: Sequence[JournalEntry]) -> None:
    """Post journal entries. The same entry posted again (same step of the same thing) changes nothing."""
    if not entries:
        return
    await db.execute(
        """
        insert into journal (entry_id, step, payer, subject, debited, credited, cents)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
        on conflict (entry_id) do nothing
        """,
        [entry.id for entry in entries],
        [entry.step.value for entry in entries],
        [entry.payer for entry in entries],
        [entry.subject for entry in entries],
        [MOVES[entry.step][0].value for entry in entries],
        [MOVES[entry.step][1].value for entry in entries],
        [entry.postings[0].cents for entry in entries],
    )


@dataclass(frozen=True, slots=True)
class PayerRow:
    payer: str
    name: str
    tin: str
    bank: str
    release_by_person: bool = False


async def upsert_payers(db: asyncpg.Connection, payers: Sequence[PayerRow]) -> None:
    if not payers:
        return
    last = {one.payer: one for one in payers}
    await db.execute(
        """
        insert into payers (payer, name, tin, bank, release_by_person)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])
            as t (payer, name, tin, bank, release_by_person) order by payer
        on conflict (payer) do update set name = excluded.name, tin = excluded.tin, bank = excluded.bank,
            release_by_person = excluded.release_by_person
        """,
        [one.payer for one in last.values()],
        [one.name for one in last.values()],
        [one.tin for one in last.values()],
        [one.bank for one in last.values()],
        [one.release_by_person for one in last.values()],
    )


async def store_follow_ups(db: asyncpg.Connection, rows: Sequence[tuple[UUID, str, UUID, Reason]]) -> None:
    """(id, kind, subject, reason): work on many items, done later in transactions of its own."""
    if rows:
        await db.execute(
            """
            insert into follow_ups (follow_up_id, kind, subject, reason)
            select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) on conflict do nothing
            """,
            [row[0] for row in rows],
            [row[1] for row in rows],
            [row[2] for row in rows],
            [row[3].value for row in rows],
        )
