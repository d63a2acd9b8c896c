"""A migrated database, emptied before each test, and the service's context on it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from chassis import Context, testing
from validation.app import build_resources, service
from validation.settings import ValidationSettings
from validation.testing import authorisation, contract, fees, payer, provider

sys.path.insert(0, str(Path(__file__).parent))

from validation_stories import Line  # the tests' own modules stand beside them

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases


@pytest.fixture(scope="session")
def validation_database(postgres: Databases) -> str:
    return testing.migrated("validation", postgres.make_database("validation"))


@pytest.fixture
async def pool(validation_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with testing.emptied(
        validation_database,
        "truncate versions, tallies, bill_keys, near_keys, near_documents, form_days",
        "truncate reference, reference_history, reference_moments, members, exclusion_lists, exclusion_parts",
        "truncate follow_ups, cleared_names, chassis.outbox",
        "update near_revision set last = 0",
        "update reference_revision set last = 0",
    ) as made:
        yield made


@pytest.fixture
async def context(pool: asyncpg.Pool, validation_database: str) -> Context:
    settings = ValidationSettings(database_url=validation_database)
    return testing.context_for(
        service, pool, settings=settings, resources=await build_resources(settings, pool)
    )


@pytest.fixture
async def on(context: Context) -> Line:
    made = Line(context)
    await made.hears(payer(), provider(), contract(), fees(), authorisation())
    return made
