"""A migrated database, emptied before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from chassis import testing

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases


@pytest.fixture(scope="session")
def remittance_database(postgres: Databases) -> str:
    return testing.migrated("remittance", postgres.make_database("remittance"))


@pytest.fixture
async def pool(remittance_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with testing.emptied(
        remittance_database,
        "truncate payments, items, decisions, notices, remittances, remittance_claims, payers, providers,"
        " chassis.outbox, chassis.counters",
    ) as made:
        yield made
