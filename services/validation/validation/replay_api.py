"""Stored history decided again and explained, over HTTP: a page at a time, so that neither side holds more than one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Annotated
from uuid import UUID

from fastapi import HTTPException, Query, Request, Response
from pydantic import BaseModel

from chassis import Context
from chassis.guarded import context_of, guarded_router
from validation import history, queries
from validation.beside_the_line import in_slices
from validation.explanation import Explanation, Explanations
from validation.explanation_api import explanation_of
from validation.replay import DecidedBy, Previewed, Replayed, preview, replay
from validation.rules.rule_set import Catalogue, CatalogueBreach, catalogue_in
from validation.work import Resources

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
    resources: Resources = context.resources
    async with resources.desk.served():
        ids = await _received(context, first, last, after, limit)
        page = Replayed.of(
            await in_slices(
                context, ids, lambda some: replay(some, first, last, resources.catalogue, resources.packs)
            )
        )
    page.next = ids[-1] if len(ids) == limit else None
    return page


@router.get("/explanations")
async def explanations(
    request: Request, first: First, last: Last, after: UUID | None = None, limit: Limit = 100
) -> Response:
    """Why requests received on these days were decided as they were: each one's explanation."""
    context = context_of(request)
    resources: Resources = context.resources

    def told(some: Sequence[history.Request]) -> list[Explanation]:
        return [explanation_of(one, resources) for one in some]

    async with resources.desk.served():
        ids = await _received(context, first, last, after, limit)
        slices = await in_slices(context, ids, told)
        page = Explanations(
            requests=[one for each in slices for one in each], next=ids[-1] if len(ids) == limit else None
        )
        # They are models of this module already: to check them once more would hold up the loop.
        return Response(await asyncio.to_thread(page.model_dump_json), media_type="application/json")


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
    context = context_of(request)
    resources: Resources = context.resources
    begins = effective_from or date.min
    decided_by = DecidedBy(resources.catalogue, resources.duplicate_rules, resources.packs)
    async with resources.desk.served():
        try:
            catalogue = await asyncio.to_thread(_compiled, tuple(sorted(candidate.files.items())))
        except CatalogueBreach as breach:
            raise HTTPException(422, str(breach)) from None
        ids = await _received(context, first, last, after, limit)
        page = Previewed.of(
            await in_slices(
                context,
                ids,
                lambda some: preview(some, first, last, catalogue, decided_by, begins),
                past=any(one.reads_past for one in catalogue.sets),
                resembling=True,
            )
        )
    page.next = ids[-1] if len(ids) == limit else None
    return page


@lru_cache(maxsize=2)
def _compiled(files: tuple[tuple[str, str], ...]) -> Catalogue:
    """The same for each page of a preview. Raises CatalogueBreach."""
    return catalogue_in(dict(files))


async def _received(
    context: Context, first: date, last: date, after: UUID | None, limit: int
) -> Sequence[UUID]:
    async with context.pool.acquire() as db:
        return await queries.received_requests(db, first, last, after, limit)
