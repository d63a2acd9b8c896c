"""Why a request was decided as it was, over HTTP."""

from __future__ import annotations

from uuid import UUID

from fastapi import HTTPException, Request

from chassis.guarded import context_of, guarded_router
from validation.explanation import Explanation, explain
from validation.history import Request as StoredRequest
from validation.reference import Terms
from validation.stored_requests import read_pinned_requests
from validation.work import Resources

router = guarded_router()


@router.get("/requests/{request_id}/explanation")
async def explanation(request: Request, request_id: UUID) -> Explanation:
    """For each version: its pins, what every rule read, the price's steps, and what was found of duplicates."""
    context = context_of(request)
    async with context.pool.acquire() as db:
        found = await read_pinned_requests(db, context.resources, [request_id])
    if not found:
        raise HTTPException(404, "no such request was decided here")
    return explanation_of(found[0], context.resources)


def explanation_of(asked: StoredRequest, resources: Resources) -> Explanation:
    """Of a stored request whose versions have their terms."""
    rules = resources.catalogue
    return Explanation(
        request_id=asked.request_id,
        versions=[
            explain(
                version,
                asked.first_received_on,
                version.terms or Terms(),
                rules.set_of(version.rule_set, version.first_day),
                resources.packs,
                rules.brought_by(version.rule_set),
            )
            for version in asked
        ],
    )
