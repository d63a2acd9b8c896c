"""What was billed before bill keys began with their month is still found, exactly."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING
from unittest.mock import patch
from uuid import UUID

import asyncpg
import pytest
from alembic import command

from chassis.migrate import alembic_config
from validation.duplicates import HASH_BYTES, bill_keys
from validation.testing import line, received

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases

BESIDE = UUID(int=7)


def upgrade(dsn: str, to: str) -> None:
    with patch.dict("os.environ", STACK_MODE="sandbox"):
        command.upgrade(alembic_config("validation", dsn), to)


async def test_stored_bill_keys_are_made_anew(postgres: Databases) -> None:
    dsn = postgres.make_database("validation_before")
    await _in_thread(dsn, "0011")
    modified = line(
        line_id="2", from_date=date(2025, 12, 31), to_date=date(2026, 1, 2), modifiers=("59", "25")
    )
    owned = received("A1", lines=(line(), modified))
    released = received("A2", lines=(line(charge_cents=7_700, units_thousandths=2_500),))
    db = await asyncpg.connect(dsn)
    for one in (owned, released):
        await db.execute(
            "insert into versions (request_id, version, state, payer, received_on, charge_cents, decided_at, body,"
            " reference_revision) values ($1, 1, 'approved', 'acme', $2, 1, now(), $3, 0)",
            one.request_id,
            one.received_on,
            one.model_dump_json().encode(),
        )
    for key in bill_keys(owned):
        await db.execute(
            "insert into bill_keys values ($1, $2, $3)", key[-HASH_BYTES:], owned.request_id, [BESIDE]
        )
    for key in bill_keys(released):
        await db.execute("insert into bill_keys values ($1, null, null)", key[-HASH_BYTES:])
    await _in_thread(dsn, "head")
    rows = {row["key"]: (row["owner"], row["beside"]) for row in await db.fetch("select * from bill_keys")}
    assert rows == {
        **dict.fromkeys(bill_keys(owned), (owned.request_id, [BESIDE])),
        **dict.fromkeys(bill_keys(released), (None, None)),
    }
    names = {
        row[0] for row in await db.fetch("select relname from pg_class where relname like '%bill_keys%'")
    }
    assert {"bill_keys", "bill_keys_pkey", "bill_keys_15", "bill_keys_15_pkey"} <= names
    assert not [name for name in names if name.startswith("old_")]
    with pytest.raises(asyncpg.CheckViolationError):  # as a replica that was not upgraded yet would claim it
        await db.execute("insert into bill_keys values ($1, $2, null)", bytes(HASH_BYTES), BESIDE)
    await db.close()


async def _in_thread(dsn: str, to: str) -> None:
    """Alembic runs an event loop of its own."""
    await asyncio.to_thread(upgrade, dsn, to)
