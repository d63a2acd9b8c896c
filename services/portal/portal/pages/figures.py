"""Figures: how fast decisions are, what fails and where, and whether money and remittances come on time and agree."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Query, Response

from chassis import clock
from portal.figures import behind, failed, figures
from portal.log_figures import LogUnread, figures_of, rows_of_the_log, side_by_side
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


@router.get("/figures/from-the-log")
async def from_the_log(visit: Annotated[Visit, may(*OPERATIONS)], days: Days = 30) -> Response:
    """The figures once more, from audit's memory of every topic, beside those of the read model."""
    since = clock.event_time() - timedelta(days=days)
    try:
        log = figures_of(await rows_of_the_log(visit.context), since)
    except LogUnread as unread:
        return await visit.show("figures_log.html", days=days, why=unread.why, rows=())
    async with visit.reading() as db:
        own = await figures(db, since)
    return await visit.show("figures_log.html", days=days, why=None, rows=side_by_side(own, log))


@router.get("/figures/{name}")
async def rows_behind(
    visit: Annotated[Visit, may(*OPERATIONS)],
    name: Literal["decisions", "late", "unmatched", "dates", "drafts"],
    days: Days = 30,
) -> Response:
    async with visit.reading() as db:
        rows = await behind(db, name, clock.event_time() - timedelta(days=days))
    return await visit.show("figures_rows.html", rows=rows, name=name, days=days)
