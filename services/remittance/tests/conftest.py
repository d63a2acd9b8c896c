"""A migrated database, emptied before each test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from unittest.mock import patch

import asyncpg
import pytest
from alembic import command

from chassis.migrate import alembic_config

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases


@pytest.fixture(scope="session")
def remittance_database(postgres: Databases) -> str:
    dsn: str = postgres.make_database("remittance")
    with patch.dict(os.environ, {"STACK_MODE": "sandbox"}):
        command.upgrade(alembic_config("remittance", dsn), "head")
    return dsn


@pytest.fixture
async def pool(remittance_database: str) -> AsyncIterator[asyncpg.Pool]:
    made = await asyncpg.create_pool(remittance_database, min_size=1, max_size=6)
    assert made is not None
    await made.execute(
        "truncate payments, items, decisions, notices, remittances, remittance_claims, payers, providers,"
        " chassis.outbox, chassis.counters"
    )
    yield made
    await made.close()
