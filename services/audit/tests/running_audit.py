"""Audit as a process of a test runs it on a real broker, and how a test waits for it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from audit.settings import Settings


def settings_on(kafka: str, database: str, **changed: Any) -> Settings:
    """A replica of its own that notices new topics and dead members quickly."""
    return Settings(
        database_url=database,
        kafka_bootstrap=kafka,
        http_port=0,
        instance_id=f"audit-{secrets.token_hex(3)}",
        session_timeout_s=6.0,
        heartbeat_interval_s=0.5,
        metadata_max_age_s=1.0,
        **changed,
    )


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What the condition answers, as soon as it is true."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found
