"""Figures: how fast decisions are, what fails and where, and whether money and remittances come on time and agree."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Query, Response

from chassis import clock
from portal.figures import behind, figures
from portal.page import Nav, Visit, may, page_router
from portal.review_queue import causes
from portal.rules import OPERATIONS

router = page_router(Nav("figures", "/figures", OPERATIONS, order=75))

Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/figures")
async def all_figures(visit: Annotated[Visit, may(*OPERATIONS)], days: Days = 30) -> Response:
    async with visit.reading() as db:
        found = await figures(db, clock.event_time() - timedelta(days=days))
        waiting = await causes(db)
    return await visit.show("figures.html", found=found, causes=waiting, days=days)


@router.get("/figures/{name}")
async def rows_behind(
    visit: Annotated[Visit, may(*OPERATIONS)],
    name: Literal["decisions", "late", "unmatched", "dates"],
    days: Days = 30,
) -> Response:
    async with visit.reading() as db:
        rows = await behind(db, name, clock.event_time() - timedelta(days=days))
    return await visit.show("figures_rows.html", rows=rows, name=name, days=days)
