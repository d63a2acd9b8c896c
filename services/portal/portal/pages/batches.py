"""Batches: what was closed and sent, what the bank said of it, and the payments in it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import HTTPException, Response

from portal.page import Nav, Visit, may, page_router
from portal.payment_desk import NOBODY, PAGE, batch, before_of, board, payments_in, place_of
from portal.rules import OPERATIONS

router = page_router(Nav("batches", "/batches", OPERATIONS, order=40))


@router.get("/batches")
async def batches(visit: Annotated[Visit, may(*OPERATIONS)], before: str | None = None) -> Response:
    try:
        place = before_of(before)
    except ValueError:
        raise HTTPException(400) from None
    async with visit.reading() as db:
        rows = await board(db, place)
    more = place_of(rows[PAGE - 1], "batch_id") if len(rows) > PAGE else None
    return await visit.show("batches.html", rows=rows[:PAGE], more=more)


@router.get("/batches/{batch_id}")
async def one_batch(
    visit: Annotated[Visit, may(*OPERATIONS)], batch_id: UUID, after: UUID = NOBODY
) -> Response:
    async with visit.reading() as db:
        row = await batch(db, batch_id)
        if row is None:
            raise HTTPException(404)
        payments = await payments_in(db, batch_id, after)
    more = payments[PAGE - 1]["payment_id"] if len(payments) > PAGE else None
    return await visit.show("batch.html", row=row, payments=payments[:PAGE], more=more)
