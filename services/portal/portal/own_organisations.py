"""For which of their organisations a person acts: the only one they have, or the one they choose."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
from fastapi import HTTPException

from portal.page import Visit

_OWN = """
select o.organisation_id, coalesce(n.name, '') as name from organisations o
left join organisation_names n using (organisation_id)
where o.organisation_id = any((select portal_organisations())::uuid[]) order by n.name, o.organisation_id limit 200
"""


async def own_organisations(db: asyncpg.Connection) -> list[dict[str, Any]]:
    """The organisations to choose from: those in which the caller has one of the route's roles."""
    return [dict(row) for row in await db.fetch(_OWN)]


def chosen_organisation(visit: Visit, given: UUID | None) -> UUID:
    """Raises HTTPException: 422 where there are several and none is named, 404 where it is not the caller's."""
    own = visit.scope.organisations
    if given is None:
        if len(own) != 1:
            raise HTTPException(422)
        return own[0]
    if given not in own:
        raise HTTPException(404)
    return given
