"""The parts of exclusion lists that a slice brings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg

from chassis import Context, Heard
from throughline.exclusions import ExclusionListRecorded
from throughline.identifiers import derived
from validation import exclusions_repository
from validation.follow_up_repository import FollowUp, store_follow_ups


class ExclusionsWork:
    """One partition brings all lists, so no other transaction completes any of them meanwhile."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.parts: list[ExclusionListRecorded] = []

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> ExclusionsWork:
        return cls(context.clock.today())

    async def store(self, db: asyncpg.Connection) -> None:
        """What was approved is screened again by each list that came into force."""
        came = await exclusions_repository.store_parts(db, self.parts)
        follow_ups = [
            FollowUp(derived("list-in-force", one.list_id, str(one.version)), "screening") for one in came
        ]
        await store_follow_ups(db, follow_ups)
