"""A migrated database under a role that is no superuser, and the site as a browser meets it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher

from chassis import Context, FixedClock, testing
from chassis.http import build_app
from chassis.testing import context_for
from portal.app import service
from portal.read_model.sealed_content import ContentKey
from portal.resources import Resources
from portal.settings import Settings
from throughline.signed import new_signing_key

sys.path.insert(0, str(Path(__file__).parent))  # portal_stories, portal_people

from portal_people import TrueTime

if TYPE_CHECKING:
    from stack.pytest_plugin import Databases

SIGNING_KEY = new_signing_key()
ORIGIN = "https://portal.example"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def database(postgres: Databases) -> str:
    """As the stack makes it: owned by a role that is no superuser and does not bypass row-level security."""
    admin = urlsplit(postgres.make_database("portal"))
    name = admin.path.strip("/")
    postgres.execute(
        f'create role "{name}" login password \'sandbox\'; alter database "{name}" owner to "{name}"'
    )
    dsn = urlunsplit(admin._replace(netloc=f"{name}:sandbox@{admin.hostname}:{admin.port}"))
    return testing.migrated("portal", dsn)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the database, emptied."""
    async with testing.emptied(database) as made:
        tables = await made.fetch(
            """select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
               and pg_relation_size(oid) > 0 and relname <> 'alembic_version'"""  # a truncate costs for each table
        )
        names = ["chassis.outbox", *[row[0] for row in tables]]
        await made.execute(f"truncate {', '.join(names)} cascade")
        yield made


@pytest.fixture(autouse=True)
def light_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id with little memory: what is tested is not how long it takes."""
    monkeypatch.setattr("portal.local_accounts._hasher", PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def settings(database: str) -> Settings:
    return Settings.model_validate({"database_url": database, "public_origin": ORIGIN})


@pytest.fixture
def true_time(monkeypatch: pytest.MonkeyPatch) -> TrueTime:
    """Stands still until the test moves it."""
    moved = TrueTime(datetime(2026, 11, 23, 9, 0, 10, tzinfo=UTC))
    monkeypatch.setattr("chassis.clock.event_time", moved)
    return moved


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def context(pool: asyncpg.Pool, settings: Settings, clock: FixedClock) -> Context:
    return context_for(
        service, pool, clock=clock, settings=settings, resources=Resources(ContentKey(bytes(32)), SIGNING_KEY)
    )


@pytest.fixture
async def browser(context: Context, true_time: TrueTime) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies, sends the origin of the portal's own pages, follows nothing by itself."""
    app = build_app("portal", service.api, context, Mock(), service.dress)
    transport = httpx.ASGITransport(app=app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as client:
        yield client
