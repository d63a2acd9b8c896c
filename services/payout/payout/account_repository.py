"""Payees and their accounts in PostgreSQL: set-based statements, rows locked in sorted order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from payout.domain import AccountState


@dataclass(slots=True)
class AccountRow:
    """A stored account: sealed, fingerprinted, masked. `fresh` rows are inserted, others updated."""

    token: str
    payee_id: UUID
    state: AccountState
    sealed: bytes
    fingerprint: bytes
    mask: str
    payable_from: date | None
    requested_by: str
    confirmed_by: str | None = None
    return_code: str | None = None
    previous_token: str | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class PayeeRow:
    payee_id: UUID
    kind: str
    identifier: str
    name: str


async def lock_accounts(db: asyncpg.Connection, payee_ids: Iterable[UUID]) -> list[AccountRow]:
    """Every account of these payees, locked. A payee's first commands are serialised by an advisory lock."""
    ids = sorted(set(payee_ids))
    # Two replicas may hear two commands about a payee that has no row to lock yet.
    await db.execute(
        """
        select pg_advisory_xact_lock(hashtextextended(id::text, 7))
        from (select unnest($1::uuid[]) as id order by 1) t
        """,
        ids,
    )
    rows = await db.fetch(
        """
        select token, payee_id, state, sealed, fingerprint, mask, payable_from, requested_by, confirmed_by, return_code,
            previous_token
        from accounts where payee_id = any($1::uuid[]) order by token for update
        """,
        ids,
    )
    return [
        AccountRow(
            row["token"],
            row["payee_id"],
            AccountState(row["state"]),
            row["sealed"],
            row["fingerprint"],
            row["mask"],
            row["payable_from"],
            row["requested_by"],
            row["confirmed_by"],
            row["return_code"],
            row["previous_token"],
        )
        for row in rows
    ]


async def store_accounts(db: asyncpg.Connection, accounts: Sequence[AccountRow]) -> None:
    """Rows that change first, so that a payee never has two accounts in use while the fresh ones come in."""
    known = [one for one in accounts if not one.fresh]
    fresh = [one for one in accounts if one.fresh]
    leaving = [one for one in known if one.state is AccountState.REPLACED]
    for changed in (leaving, [one for one in known if one.state is not AccountState.REPLACED]):
        if changed:
            await db.execute(
                """
                update accounts as a set state = t.state, payable_from = t.payable_from,
                    confirmed_by = t.confirmed_by, return_code = t.return_code
                from unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::text[])
                    as t (token, state, payable_from, confirmed_by, return_code)
                where a.token = t.token
                """,
                [one.token for one in changed],
                [one.state.value for one in changed],
                [one.payable_from for one in changed],
                [one.confirmed_by for one in changed],
                [one.return_code for one in changed],
            )
    if fresh:
        await db.execute(
            """
            insert into accounts (token, payee_id, state, sealed, fingerprint, mask, payable_from, requested_by,
                confirmed_by, return_code, previous_token)
            select * from unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::date[],
                $8::text[], $9::text[], $10::text[], $11::text[])
            """,
            [one.token for one in fresh],
            [one.payee_id for one in fresh],
            [one.state.value for one in fresh],
            [one.sealed for one in fresh],
            [one.fingerprint for one in fresh],
            [one.mask for one in fresh],
            [one.payable_from for one in fresh],
            [one.requested_by for one in fresh],
            [one.confirmed_by for one in fresh],
            [one.return_code for one in fresh],
            [one.previous_token for one in fresh],
        )


async def upsert_payees(db: asyncpg.Connection, payees: Sequence[PayeeRow]) -> None:
    if not payees:
        return
    last = {one.payee_id: one for one in payees}
    await db.execute(
        """
        insert into payees select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
            as t (payee_id, kind, identifier, name) order by payee_id
        on conflict (payee_id) do update set name = excluded.name
        """,
        [one.payee_id for one in last.values()],
        [one.kind for one in last.values()],
        [one.identifier for one in last.values()],
        [one.name for one in last.values()],
    )
