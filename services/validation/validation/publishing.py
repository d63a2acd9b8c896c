"""What publishing rules needs: what was published before, and where new sets are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis import Context, Heard
from throughline.rule_sets import PublishRuleSet
from validation import pins_repository, repository
from validation.reference import Entity
from validation.rules.published import Published, catalogue_of, highest_version
from validation.rules.rule import Rule
from validation.work import Resources


class RuleSetWork:
    """Commands of one slice. They are rare, and of one partition: nobody else publishes at the same moment."""

    def __init__(self, published: Published) -> None:
        self.published: dict[str, PublishRuleSet] = dict(published)
        self.new: list[PublishRuleSet] = []

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> RuleSetWork:
        resources: Resources = context.resources
        await resources.refresh(db)
        return cls(resources.reference.rules)

    @property
    def highest_version(self) -> int:
        return highest_version(self.published)

    def publish(self, command: PublishRuleSet) -> None:
        self.published[str(command.version)] = command
        self.new.append(command)

    def published_rules(self, command: PublishRuleSet) -> Sequence[Rule]:
        return catalogue_of(command).rules

    async def store(self, db: asyncpg.Connection) -> None:
        """Beside the reference data, whose revision tells every replica; each day's set by its hash, for who is pinned
        to it."""
        entities: dict[tuple[str, str], Entity] = {("rules", str(one.version)): one for one in self.new}
        await repository.store_reference(db, entities)
        for command in self.new:
            await pins_repository.keep_rule_sets(db, catalogue_of(command))
