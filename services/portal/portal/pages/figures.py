"""Figures: how fast decisions are, what fails and where, and whether money and remittances come on time and agree."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from chassis import clock
from portal.figures import behind, failed, failed_of_group, figures
from portal.figures_drawn import drawn, unit_of
from portal.log_dates import promises
from portal.log_figures import figures_of, side_by_side
from portal.log_rows import LogUnread, rows_of_the_log
from portal.page import Nav, Visit, may, page_router
from portal.rules import OPERATIONS
from portal.texts import text

router = page_router(Nav("figures", "/figures", OPERATIONS, order=75))

Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/figures")
async def all_figures(visit: Annotated[Visit, may(*OPERATIONS)], days: Days = 30) -> Response:
    async with visit.reading() as db:
        found = await figures(db, clock.event_time() - timedelta(days=days), visit.context.clock.today())
    charts = drawn(found, lambda key: text(visit.shown.language, key, {}))
    unit = unit_of(found.times).name
    return await visit.show("figures.html", found=found, charts=charts, days=days, unit=unit)


@router.get("/figures/failures")
async def failures(
    visit: Annotated[Visit, may(*OPERATIONS)],
    partner: str = "",
    field: str = "",
    reason: str = "",
    days: Days = 30,
) -> Response:
    async with visit.reading() as db:
        rows = await failed(db, clock.event_time() - timedelta(days=days), partner, field, reason)
    return await visit.show("figures_rows.html", rows=rows, name="failures", days=days)


@router.get("/figures/groups")
async def group(
    visit: Annotated[Visit, may(*OPERATIONS)], organisation: UUID | None = None, days: Days = 30
) -> Response:
    """What failed of the payees of one organisation of providers; without one, of payees that none acts for."""
    async with visit.reading() as db:
        rows = await failed_of_group(db, clock.event_time() - timedelta(days=days), organisation)
    return await visit.show("figures_rows.html", rows=rows, name="failures", days=days)


@router.get("/figures/from-the-log")
async def from_the_log(visit: Annotated[Visit, may(*OPERATIONS)], days: Days = 30) -> Response:
    """The figures once more, from audit's memory of every topic, beside those of the read model."""
    since = clock.event_time() - timedelta(days=days)
    try:
        rows = await rows_of_the_log(visit.context)
    except LogUnread as unread:
        return await visit.show("figures_log.html", days=days, why=unread.why, rows=())
    today = visit.context.clock.today()
    async with visit.reading() as db:
        promised = await promises(db, since)
        own = await figures(db, since, today)
    log = await asyncio.to_thread(figures_of, rows, since, today, promised)
    return await visit.show("figures_log.html", days=days, why=None, rows=side_by_side(own, log))


@router.get("/figures/{name}")
async def rows_behind(
    visit: Annotated[Visit, may(*OPERATIONS)],
    name: Literal["decisions", "late", "unmatched", "dates", "drafts"],
    days: Days = 30,
) -> Response:
    async with visit.reading() as db:
        rows = await behind(db, name, clock.event_time() - timedelta(days=days), visit.context.clock.today())
    return await visit.show("figures_rows.html", rows=rows, name=name, days=days)
