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
from validation.whole_lists import Edition, Editions, edition_of
from validation.work import Resources


class ExclusionsWork:
    """One partition brings all lists, so no other transaction completes any of them meanwhile."""

    def __init__(self, today: date, editions: Editions) -> None:
        self.today = today
        self.editions = editions
        self.parts: list[ExclusionListRecorded] = []
        self.refused: list[Edition] = []

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> ExclusionsWork:
        resources: Resources = context.resources
        await resources.refresh(db)
        lists = resources.reference.screening.lists
        in_force = {name: (one.version, one.entries) for name, one in lists.items()}
        arriving = await exclusions_repository.read_arriving(db, {one.message.list_id for one in heard})
        return cls(context.clock.today(), Editions(in_force, arriving))

    def refuse(self, part: ExclusionListRecorded) -> None:
        """The edition that this part completes never comes into force."""
        self.refused.append(edition_of(part))
        self.parts = [one for one in self.parts if edition_of(one) != edition_of(part)]

    async def store(self, db: asyncpg.Connection) -> None:
        """What was approved is screened again by each list that came into force."""
        await exclusions_repository.forget_editions(db, self.refused)
        came = await exclusions_repository.store_parts(db, self.parts)
        follow_ups = [
            FollowUp(derived("list-in-force", one.list_id, str(one.version)), "screening") for one in came
        ]
        await store_follow_ups(db, follow_ups)
