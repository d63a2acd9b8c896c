"""What every service's migrations/env.py calls: ``from chassis.migrations import run; run()``."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine


def run() -> None:
    """One transaction for the whole upgrade, over asyncpg."""
    url: str = context.config.attributes["database_url"]
    asyncio.run(_upgrade("postgresql+asyncpg://" + url.split("://", 1)[1]))


async def _upgrade(url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
