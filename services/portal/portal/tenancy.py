"""Who may see which rows: PostgreSQL decides it, by what each transaction says of itself in its first statement.

Every table of the portal forces row-level security, on its owner too. A transaction that says nothing sees nothing.
What is said ends with the transaction, so that a connection of the pool carries it to nobody else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import asyncpg

from chassis import Context
from chassis.context import Transaction


class Sees(StrEnum):
    """What a transaction may see. A table's policies name the ones that they admit."""

    OWN = "own"
    """Rows of the organisations named, of their payees, and of the person."""
    OPERATIONS = "operations"
    """Rows of all organisations; of people's accounts only the person's own."""
    PEOPLE = "people"
    """People and organisations, for who administers them; no request and no payment."""
    SIGN_IN = "sign-in"
    """Accounts and sessions, before anybody is known; no request and no payment."""
    WRITER = "writer"
    """The read model as it is written from the topics."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Said at the start of a transaction: who looks, and for which organisations."""

    sees: Sees
    person_id: UUID | None = None
    organisations: tuple[UUID, ...] = ()


WRITER = Scope(Sees.WRITER)
SIGN_IN = Scope(Sees.SIGN_IN)

# The payees of the organisations are looked up under the scope itself: an organisation that is not the
# session's gives none.
_SAY = """
select set_config('portal.sees', $1, true), set_config('portal.person', $2, true),
       set_config('portal.organisations', $3, true), set_config('portal.payees', '{}', true)
"""
_SAY_PAYEES = """
select set_config('portal.payees', coalesce(array_agg(distinct payee_id)::text, '{}'), true)
from organisation_payees where organisation_id = any($1::uuid[])
"""


async def enter(db: asyncpg.Connection, scope: Scope) -> None:
    """Say, inside a transaction, what it may see. The one place that says it."""
    assert db.is_in_transaction(), "what a session may see is said for one transaction"
    organisations = "{" + ",".join(str(each) for each in scope.organisations) + "}"
    await db.execute(_SAY, scope.sees.value, str(scope.person_id or ""), organisations)
    if scope.sees is Sees.OWN:
        await db.execute(_SAY_PAYEES, list(scope.organisations))


@asynccontextmanager
async def reading(context: Context, scope: Scope) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that only reads."""
    async with context.pool.acquire() as db, db.transaction(readonly=True):
        await enter(db, scope)
        yield db


@asynccontextmanager
async def writing(context: Context, scope: Scope) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that writes rows and says nothing on topics."""
    async with context.pool.acquire() as db, db.transaction():
        await enter(db, scope)
        yield db


@asynccontextmanager
async def speaking(context: Context, scope: Scope) -> AsyncIterator[Transaction]:
    """A transaction that may also say commands: rows and records become true together."""
    async with context.transaction() as transaction:
        await enter(transaction.db, scope)
        yield transaction


# In migrations

FUNCTIONS = (
    """create function portal_sees(variadic scopes text[]) returns boolean language sql stable parallel safe
       return coalesce(current_setting('portal.sees', true), '') = any(scopes)""",
    """create function portal_person() returns uuid language sql stable parallel safe
       return nullif(current_setting('portal.person', true), '')::uuid""",
    """create function portal_organisations() returns uuid[] language sql stable parallel safe
       return coalesce(nullif(current_setting('portal.organisations', true), '')::uuid[], '{}')""",
    """create function portal_payees() returns uuid[] language sql stable parallel safe
       return coalesce(nullif(current_setting('portal.payees', true), '')::uuid[], '{}')""",
)

# `(select ...)` is worked out once for a statement and not once for a row.
_ALL = "(select portal_sees('operations', 'writer'))"
BY_PAYEE = f"{_ALL} or (select portal_sees('own')) and {{column}} = any((select portal_payees())::uuid[])"
BY_ORGANISATION = (
    "(select portal_sees('operations', 'writer', 'sign-in', 'people'))"
    " or (select portal_sees('own')) and {column} = any((select portal_organisations())::uuid[])"
)
BY_PERSON = "(select portal_sees('sign-in', 'people', 'writer')) or {column} = (select portal_person())"
OPERATIONS_ALONE = _ALL
PEOPLE_ALONE = "(select portal_sees('people'))"
SIGN_IN_ALONE = "(select portal_sees('sign-in'))"


def protected(table: str, rule: str, column: str = "") -> Sequence[str]:
    """The statements that put a new table under row-level security, for its migration to execute.

    ``rule`` is one of those above: ``protected("requests", BY_PAYEE, "payee_id")``.
    """
    admitted = rule.format(column=column)
    return (
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy {table}_scope on {table} using ({admitted}) with check ({admitted})",
    )
