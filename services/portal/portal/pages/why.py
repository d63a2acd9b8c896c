"""Why a request was decided as it was: for its provider what concerns it, for operations everything that was read."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import HTTPException, Response

from portal.explained import for_operations, for_provider
from portal.page import Visit, may, page_router
from portal.rule_book import NotRead, RuleBook, ValidationUnreachable
from portal.rules import OPERATIONS, PROVIDERS, Role

router = page_router()

_NUMBER = "select coalesce(number, '') from requests where request_id = $1"


@router.get("/requests/{request_id}/why")
async def why_for_provider(visit: Annotated[Visit, may(*PROVIDERS)], request_id: UUID) -> Response:
    number = await _number(visit, request_id)
    told = for_provider(await _explanation(visit, request_id), visit.shown)
    return await visit.show("why.html", versions=told, called=number, request_id=request_id)


@router.get("/audit/requests/{request_id}/why")
async def why_for_operations(visit: Annotated[Visit, may(*OPERATIONS)], request_id: UUID) -> Response:
    """What tells of the person who was treated is read by reviewers and auditors alone."""
    number = await _number(visit, request_id)
    sees_personal = visit.has(Role.REVIEWER, Role.AUDITOR)
    told = for_operations(await _explanation(visit, request_id), visit.shown, sees_personal=sees_personal)
    return await visit.show("why_all.html", versions=told, called=number, request_id=request_id)


async def _number(visit: Visit, request_id: UUID) -> str:
    """Of a request that the caller may see; another's is simply not found, and validation is not asked."""
    async with visit.reading() as db:
        number: str | None = await db.fetchval(_NUMBER, request_id)
    if number is None:
        raise HTTPException(404)
    return number


async def _explanation(visit: Visit, request_id: UUID) -> dict[str, Any]:
    try:
        found = await RuleBook(visit.settings).explanation(request_id)
    except (ValidationUnreachable, NotRead):
        raise HTTPException(503) from None
    return found or {"versions": []}
