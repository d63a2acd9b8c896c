"""Stored requests as they were decided, with what they are pinned to. Nothing here locks or changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from validation import pins_repository, repository
from validation.history import Request
from validation.work import Resources


async def read_pinned_requests(
    db: asyncpg.Connection, resources: Resources, ids: Sequence[UUID]
) -> list[Request]:
    """These requests with all versions; each version has its terms, and its rule set is known where it was kept."""
    await resources.refresh(db)
    requests = [one for one in (await repository.read_requests(db, ids)).values() if one.versions]
    versions = [version for request in requests for version in request]
    await pins_repository.read_rule_sets(db, resources.catalogue, versions)
    await pins_repository.read_pinned(db, resources.reference, versions)
    return requests
