"""Where people ask of stored history: one question is worked on at a time, a few wait, and more are sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import HTTPException

WAITING_MAX = 4
BUSY_SECONDS = 5
"""When somebody who was sent away may ask again."""


@dataclass(slots=True)
class Desk:
    """Who is served now, and how many wait."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Raises HTTPException 429 where enough others wait already."""
        if self.waiting >= WAITING_MAX:
            raise HTTPException(
                429, "others are served; ask again soon", headers={"Retry-After": str(BUSY_SECONDS)}
            )
        self.waiting += 1
        try:
            await self.turn.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self.turn.release()
