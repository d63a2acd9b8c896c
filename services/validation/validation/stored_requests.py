"""Stored requests as they were decided, with what they are pinned to. Nothing here locks or changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from validation import pins_repository, repository
from validation.duplicates_tried import kept_with
from validation.history import Request, Version
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


async def read_resembling(db: asyncpg.Connection, versions: Sequence[Version]) -> None:
    """Onto each version, the earlier requests whose resemblance its decision kept, as they were compared."""
    kept = {id(version): kept_with(version) for version in versions}
    ids = {other for each in kept.values() for other, _, _ in each}
    if not ids:
        return
    requests = await repository.read_requests(db, sorted(ids))
    for version in versions:
        found = [requests[other].versions.get(number) for other, number, _ in kept[id(version)]]
        version.resembling = tuple(one.submission for one in found if one is not None)
