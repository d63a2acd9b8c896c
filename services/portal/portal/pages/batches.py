"""Batches: what was closed and sent, what the bank said of it, the payments in it; holding one, and its release."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
from fastapi import Form, HTTPException, Response

from portal import step_up
from portal.commands import send_command
from portal.notes import Note
from portal.page import Nav, Visit, may, page_router
from portal.payment_desk import NOBODY, PAGE, batch, before_of, board, payments_in, place_of
from portal.rules import OPERATIONS, givers_of
from throughline.orders import HoldBatch, ReleaseBatch

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
        row = await _batch(db, batch_id)
        payments = await payments_in(db, batch_id, after)
    more = payments[PAGE - 1]["payment_id"] if len(payments) > PAGE else None
    return await visit.show(
        "batch.html",
        row=row,
        payments=payments[:PAGE],
        more=more,
        once=uuid4(),
        may_order=visit.has(*givers_of(ReleaseBatch if row["held"] else HoldBatch)),
    )


Once = Annotated[UUID, Form()]


@router.post("/batches/{batch_id}/hold")
async def hold(
    visit: Annotated[Visit, may(*givers_of(HoldBatch))], batch_id: UUID, once: Once, note: Note
) -> Response:
    """It does not leave until another person releases it; too late where it is on its way to the bank."""
    async with visit.reading() as db:
        await _batch(db, batch_id)
    command = HoldBatch(batch_id=batch_id, note=note, actor=str(visit.session.person_id))
    async with visit.speaking() as transaction:
        await send_command(visit, transaction, command, key=str(batch_id), once=once)
    return await visit.redirect_with(f"/batches/{batch_id}", "batches.asked_hold")


@router.post("/batches/{batch_id}/release")
async def release(
    visit: Annotated[Visit, may(*givers_of(ReleaseBatch))],
    batch_id: UUID,
    once: Once,
    note: Note,
    total_cents: Annotated[int, Form()],
    entry_count: Annotated[int, Form()],
) -> Response:
    """With a step-up over the sum and the number of payments, as they were seen. Payout refuses who held it."""
    async with visit.reading() as db:
        row = await _batch(db, batch_id)
    if (total_cents, entry_count) != (row["total_cents"], row["payment_count"]):
        raise HTTPException(412)
    command = ReleaseBatch(
        batch_id=batch_id,
        total_cents=row["total_cents"],
        entry_count=row["payment_count"],
        note=note,
        actor=str(visit.session.person_id),
    )
    return await step_up.ask(
        visit,
        command,
        key=str(batch_id),
        once=once,
        facts=(
            ("batches.window", f"{row['bank']} {row['window']}"),
            ("batches.payments", visit.shown.number(row["payment_count"])),
            ("batches.total", visit.shown.money(row["total_cents"])),
        ),
        back=f"/batches/{batch_id}",
        notice="batches.asked_release",
    )


async def _batch(db: asyncpg.Connection, batch_id: UUID) -> asyncpg.Record:
    row = await batch(db, batch_id)
    if row is None or row["closed_at"] is None:
        raise HTTPException(404)
    return row
