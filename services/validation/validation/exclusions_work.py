"""The parts of exclusion lists that a slice brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis import Context, Heard
from throughline.exclusions import ExclusionListRecorded
from validation import exclusions_repository


class ExclusionsWork:
    """One partition brings all lists, so no other transaction completes any of them meanwhile."""

    def __init__(self) -> None:
        self.parts: list[ExclusionListRecorded] = []

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> ExclusionsWork:
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        await exclusions_repository.store_parts(db, self.parts)
