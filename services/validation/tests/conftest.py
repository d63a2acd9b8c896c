"""A migrated database, emptied before each test, and the service's context on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from unittest.mock import patch

import asyncpg
import pytest
from alembic import command

from chassis import Context, testing
from chassis.migrate import alembic_config
from validation.app import build_resources, service
from validation.settings import ValidationSettings

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases


@pytest.fixture(scope="session")
def validation_database(postgres: Databases) -> str:
    dsn = postgres.make_database("validation")
    with patch.dict(os.environ, {"STACK_MODE": "sandbox"}):
        command.upgrade(alembic_config("validation", dsn), "head")
    return dsn


@pytest.fixture
async def pool(validation_database: str) -> AsyncIterator[asyncpg.Pool]:
    made = await asyncpg.create_pool(validation_database, min_size=1, max_size=6)
    assert made is not None
    await made.execute("truncate versions, bill_keys, reference, chassis.outbox")
    await made.execute("update reference_revision set last = 0")
    yield made
    await made.close()


@pytest.fixture
async def context(pool: asyncpg.Pool, validation_database: str) -> Context:
    settings = ValidationSettings(database_url=validation_database)
    return testing.context_for(
        service, pool, settings=settings, resources=await build_resources(settings, pool)
    )
