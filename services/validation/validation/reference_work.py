"""Reference entities of a slice, and what is to be looked at again because of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg

from chassis import Context, Heard
from throughline.exclusions import name_hashes
from throughline.identifiers import derived
from throughline.reference import ContractRecorded, FeeScheduleRecorded, ProviderRecorded
from validation import repository
from validation.follow_up_repository import FollowUp, store_follow_ups
from validation.lost_terms import lost_since
from validation.reference import Entity, Reference, as_held
from validation.standing import is_on_a_list
from validation.work import Resources


class ReferenceWork:
    """The highest version of each entity. One partition brings all of a kind, so what stands is what memory holds."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.entities: dict[tuple[str, str], Entity] = {}

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> ReferenceWork:
        resources: Resources = context.resources
        await resources.refresh(db)
        return cls(resources.reference)

    def record(self, kind: str, name: str, entity: Entity) -> None:
        """Keep it if it is newer than what the slice brought before; what is stored is compared when storing."""
        known = self.entities.get((kind, name))
        if known is None or known.version < entity.version:
            self.entities[kind, name] = entity

    async def store(self, db: asyncpg.Connection) -> None:
        """What was approved is looked at again where terms were taken back, or a listed name or number was recorded."""
        follow_ups = [found for entity in self.entities.values() for found in self._follow_ups_of(entity)]
        await repository.store_reference(db, self.entities)
        await store_follow_ups(db, follow_ups)

    def _follow_ups_of(self, entity: Entity) -> Iterator[FollowUp]:
        """A list that comes into force at the same moment has a follow-up of its own, which waits for this slice."""
        kind, name, _ = as_held(entity)
        before: Entity | None = self.reference.one(kind, name)
        if isinstance(entity, FeeScheduleRecorded) or (before and before.version >= entity.version):
            return
        since = lost_since(before, entity)
        is_listed = isinstance(entity, ProviderRecorded) and is_on_a_list(entity, self.reference.screening)
        if since is None and not is_listed:
            return
        follow_up_id = derived("reference-recorded", kind, str(name), str(entity.version))
        of = before or entity
        payee_id = getattr(of, "payee_id", None)
        if payee_id is not None:
            kind_of_follow_up = "renamed" if is_listed and _is_renamed(before, entity) else "provider"
            yield FollowUp(follow_up_id, kind_of_follow_up, since=since, payee=payee_id)
        elif isinstance(of, ContractRecorded):
            yield FollowUp(follow_up_id, "contract", of.payer, since=since)


def _is_renamed(before: Entity | None, now: Entity) -> bool:
    """Whether lists would tell the two names apart."""
    if not isinstance(before, ProviderRecorded) or not isinstance(now, ProviderRecorded):
        return False
    return set(name_hashes(before.name)) != set(name_hashes(now.name))
