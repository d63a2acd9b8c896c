"""Notices on home: a person has seen them all."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, HTTPException, Response

from chassis import clock
from portal.instants import instant_of
from portal.page import Visit, may, page_router
from portal.rules import PROVIDERS
from portal.stage_notices import see_all

router = page_router()


@router.post("/notices/seen")
async def seen(
    visit: Annotated[Visit, may(*PROVIDERS)], until: Annotated[str, Form(max_length=40)]
) -> Response:
    """``until``: the newest notice that the page showed."""
    try:
        instant = instant_of(until)
    except ValueError:
        raise HTTPException(422) from None
    async with visit.writing() as db:
        await see_all(db, min(instant, clock.event_time()))
    return visit.redirect("/")
