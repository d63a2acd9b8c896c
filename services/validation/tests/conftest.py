"""A migrated database, emptied before each test, and the service's context on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from chassis import Context, testing
from validation.app import build_resources, service
from validation.settings import ValidationSettings

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases


@pytest.fixture(scope="session")
def validation_database(postgres: Databases) -> str:
    return testing.migrated("validation", postgres.make_database("validation"))


@pytest.fixture
async def pool(validation_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with testing.emptied(
        validation_database,
        "truncate versions, bill_keys, reference, chassis.outbox",
        "update reference_revision set last = 0",
    ) as made:
        yield made


@pytest.fixture
async def context(pool: asyncpg.Pool, validation_database: str) -> Context:
    settings = ValidationSettings(database_url=validation_database)
    return testing.context_for(
        service, pool, settings=settings, resources=await build_resources(settings, pool)
    )
