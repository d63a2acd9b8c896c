"""Home: what needs the person, what is on its way, what was paid."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from portal.page import Nav, Visit, may, page_router
from portal.rules import EVERYBODY

router = page_router(Nav("home", "/", EVERYBODY, order=10))


@router.get("/")
async def home(visit: Annotated[Visit, may(*EVERYBODY)]) -> Response:
    return await visit.show("home.html")
