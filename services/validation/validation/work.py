"""What one slice needs in memory: loaded at once with its rows locked, decided upon, stored at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from throughline.reviews import AssignReview
from throughline.submissions import SubmissionReceived
from validation import repository
from validation.duplicates import BillClaims
from validation.history import Request, Version
from validation.reference import Entity, Reference
from validation.rules.rule_set import Catalogue


@dataclass(slots=True)
class Resources:
    """What a process keeps between slices: the compiled rules, and reference data as last seen."""

    catalogue: Catalogue
    reference: Reference = field(default_factory=Reference)


class DecisionWork:
    """Requests, bill keys and reference data of a slice of submissions, reviews or items."""

    def __init__(
        self, requests: dict[UUID, Request], bills: BillClaims, catalogue: Catalogue, reference: Reference
    ) -> None:
        self.requests = requests
        self.arriving: dict[UUID, Version] = {}
        """New versions by the id of the message that brings them; each joins its request in its turn."""
        self.reviewers: frozenset[UUID] = frozenset()
        """Of those to whom the slice hands reviews, the ones who may look at them."""
        self.bills = bills
        self.catalogue = catalogue
        self.reference = reference

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> DecisionWork:
        resources: Resources = context.resources
        await repository.refresh_reference(db, resources.reference)
        ids = sorted({one.message.request_id for one in heard})
        requests = await repository.lock_requests(db, ids)
        keys = {key for request in requests.values() for key in request.all_bill_keys()}
        work = cls(requests, BillClaims({}), resources.catalogue, resources.reference)
        for one in heard:
            if isinstance(one.message, SubmissionReceived):
                version = Version(one.message, one.recorded_at)
                work.arriving[one.envelope.id] = version
                keys.update(version.bill_keys)
        handed = [one.message.assignee for one in heard if isinstance(one.message, AssignReview)]
        to = {one for one in handed if one is not None}
        work.reviewers = await repository.reviewers_among(db, sorted(to))
        work.bills = await repository.lock_bill_keys(db, sorted(keys))
        return work

    async def store(self, db: asyncpg.Connection) -> None:
        await repository.store_versions(db, self.requests)
        await repository.store_bill_keys(db, self.bills)


class ReferenceWork:
    """Reference entities of a slice: the highest version of each."""

    def __init__(self) -> None:
        self.entities: dict[tuple[str, str], Entity] = {}

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> ReferenceWork:
        return cls()

    def record(self, kind: str, name: str, entity: Entity) -> None:
        """Keep it if it is newer than what the slice brought before; what is stored is compared when storing."""
        known = self.entities.get((kind, name))
        if known is None or known.version < entity.version:
            self.entities[kind, name] = entity

    async def store(self, db: asyncpg.Connection) -> None:
        await repository.store_reference(db, self.entities)
