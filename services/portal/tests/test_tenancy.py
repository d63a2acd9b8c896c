"""Rows are guarded by PostgreSQL: asked of its catalogue, and tried."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from portal.tenancy import WRITER, Scope, Sees, enter

NOT_OURS = {"alembic_version"}


async def test_every_table_forces_row_level_security(pool: asyncpg.Pool) -> None:
    tables = await pool.fetch(
        """select relname, relrowsecurity, relforcerowsecurity,
                  (select count(*) from pg_policy where polrelid = pg_class.oid) as policies
           from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"""
    )
    ours = [table for table in tables if table["relname"] not in NOT_OURS]
    assert len(ours) >= 9
    for table in ours:
        assert table["relrowsecurity"] and table["relforcerowsecurity"] and table["policies"], table[
            "relname"
        ]


async def test_views_and_functions_lend_nobody_their_makers_rights(pool: asyncpg.Pool) -> None:
    views = await pool.fetch(
        """select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
           and not coalesce(reloptions::text like '%security_invoker=true%', false)"""
    )
    definers = await pool.fetch(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
    )
    assert (list(views), list(definers)) == ([], [])


async def test_the_role_of_the_service_does_not_bypass_it(pool: asyncpg.Pool) -> None:
    row = await pool.fetchrow("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
    assert row is not None and not any(row)


async def organisation(db: asyncpg.Connection) -> tuple[object, object]:
    organisation_id, payee_id = uuid4(), uuid4()
    await db.execute("insert into organisations values ($1, 'provider', true, 1)", organisation_id)
    await db.execute("insert into organisation_payees values ($1, $2)", organisation_id, payee_id)
    return organisation_id, payee_id


async def test_who_says_nothing_sees_nothing_and_what_was_said_ends_with_its_transaction(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as db:
        async with db.transaction():
            await enter(db, WRITER)
            mine, payee = await organisation(db)
            await organisation(db)
        seen = "select organisation_id from organisations"
        assert await db.fetch(seen) == []
        async with db.transaction():
            await enter(db, Scope(Sees.OWN, uuid4(), (mine,)))  # type: ignore[arg-type]
            assert [row[0] for row in await db.fetch(seen)] == [mine]
            assert await db.fetchval("select portal_payees()") == [payee]
        assert await db.fetch(seen) == []
        assert await db.fetchval("select portal_payees()") == []


async def test_nothing_is_left_of_a_transaction_that_failed(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as db:
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with db.transaction():
                await enter(db, WRITER)
                await db.execute("select 1 / 0")
        assert await db.fetchval("select portal_sees('writer')") is False


async def test_rows_of_others_cannot_be_written_either(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as db:
        async with db.transaction():
            await enter(db, WRITER)
            mine, _ = await organisation(db)
            theirs, _ = await organisation(db)
        async with db.transaction():
            await enter(db, Scope(Sees.OWN, uuid4(), (mine,)))  # type: ignore[arg-type]
            done = await db.execute(
                "update organisations set active = false where organisation_id = $1", theirs
            )
            assert done == "UPDATE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.transaction():
                await enter(db, Scope(Sees.OWN, uuid4(), (mine,)))  # type: ignore[arg-type]
                await db.execute("insert into organisation_payees values ($1, $2)", theirs, uuid4())


@pytest.mark.parametrize("sees", [one for one in Sees if one is not Sees.WRITER])
async def test_what_was_published_is_read_by_all_and_written_by_none_of_them(
    pool: asyncpg.Pool, sees: Sees
) -> None:
    """Forms go by it, whoever fills them in; it is written from its topic alone."""
    scope = Scope(sees, uuid4(), ())
    async with pool.acquire() as db:
        async with db.transaction():
            await enter(db, WRITER)
            await db.execute("insert into rule_sets (version, note) values (7, 'as published')")
        async with db.transaction():
            await enter(db, scope)
            assert await db.fetchval("select note from rule_sets where version = 7") == "as published"
            assert await db.execute("update rule_sets set note = 'mine'") == "UPDATE 0"
            assert await db.execute("delete from rule_sets") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.transaction():
                await enter(db, scope)
                await db.execute("insert into rule_sets (version) values (8)")
