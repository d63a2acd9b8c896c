"""Decide stored history again, over HTTP: a page at a time, so that neither side holds more than one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import HTTPException, Query, Request
from pydantic import BaseModel

from chassis import Context
from chassis.guarded import context_of, guarded_router
from validation import history, queries
from validation.replay import Previewed, Replayed, preview, replay
from validation.rules.rule_set import Catalogue, CatalogueBreach, rules_in
from validation.stored_requests import read_pinned_requests

router = guarded_router()

PAGE_MAX = 500
First = Annotated[date, Query(alias="from")]
Last = Annotated[date, Query(alias="to")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


class Candidate(BaseModel):
    """A catalogue: the text of each of its TOML files by name."""

    files: dict[str, str]


@router.get("/replay")
async def replayed(
    request: Request, first: First, last: Last, after: UUID | None = None, limit: Limit = 200
) -> Replayed:
    """Requests received on these days, decided again by what they are pinned to; every difference."""
    context = context_of(request)
    ids, requests = await _page(context, first, last, after, limit)
    page = replay(requests, first, last, context.resources.catalogue, context.resources.packs)
    page.next = ids[-1] if len(ids) == limit else None
    return page


@router.post("/rules/preview")
async def previewed(
    request: Request,
    candidate: Candidate,
    first: First,
    last: Last,
    after: UUID | None = None,
    limit: Limit = 200,
    effective_from: date | None = None,
) -> Previewed:
    """What another catalogue would have decided otherwise about requests received on these days. Nothing changes.

    With ``effective_from``, only of first service days from then on.
    """
    try:
        catalogue = Catalogue(rules_in(candidate.files))
    except CatalogueBreach as breach:
        raise HTTPException(422, str(breach)) from None
    context = context_of(request)
    ids, requests = await _page(context, first, last, after, limit)
    page = preview(requests, first, last, catalogue, context.resources.packs, effective_from or date.min)
    page.next = ids[-1] if len(ids) == limit else None
    return page


async def _page(
    context: Context, first: date, last: date, after: UUID | None, limit: int
) -> tuple[Sequence[UUID], list[history.Request]]:
    db: asyncpg.Connection
    async with context.pool.acquire() as db:
        ids = await queries.received_requests(db, first, last, after, limit)
        return ids, await read_pinned_requests(db, context.resources, ids)
