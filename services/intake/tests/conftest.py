"""A migrated database of intake's own, emptied before each test; a partner who may send."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch

import asyncpg
import pytest
from alembic import command

from chassis import Context, FixedClock, testing
from chassis.migrate import alembic_config

if TYPE_CHECKING:
    from stack.pytest_plugin import TestDatabases


@pytest.fixture(scope="session")
def intake_database(postgres: TestDatabases) -> str:
    dsn: str = postgres.make_database("intake")
    with patch.dict(os.environ, {"STACK_MODE": "sandbox"}):
        command.upgrade(alembic_config("intake", dsn), "head")
    return dsn


@pytest.fixture
async def pool(intake_database: str) -> AsyncIterator[asyncpg.Pool]:
    made = await asyncpg.create_pool(intake_database, min_size=1, max_size=8)
    assert made is not None
    await made.execute("truncate partners, messages, requests, bodies, files, file_parts, file_claims")
    await made.execute("truncate chassis.outbox, chassis.counters, chassis.parked, chassis.positions")
    yield made
    await made.close()


@pytest.fixture
async def context(pool: asyncpg.Pool) -> Context:
    from intake.app import service
    from intake.settings import Settings

    settings = Settings(database_url="postgresql://nowhere", body_wait_s=0.5)  # type: ignore[arg-type]
    clock = FixedClock(datetime(2026, 11, 16, 15, 0, tzinfo=UTC))
    return testing.context_for(service, pool, clock=clock, settings=settings)
