"""Returns: payments that came back or were refused, and paying them again once the account is mended."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form, HTTPException, Response

from portal import step_up
from portal.notes import Note
from portal.page import Nav, Visit, may, page_router
from portal.payment_desk import PAGE, before_of, payment, place_of, sent_back
from portal.rules import OPERATIONS, givers_of
from throughline.orders import ReissuePayment

router = page_router(Nav("returns", "/returns", OPERATIONS, order=50))


@router.get("/returns")
async def returns(visit: Annotated[Visit, may(*OPERATIONS)], before: str | None = None) -> Response:
    try:
        place = before_of(before)
    except ValueError:
        raise HTTPException(400) from None
    async with visit.reading() as db:
        rows = await sent_back(db, place)
    more = place_of(rows[PAGE - 1], "payment_id") if len(rows) > PAGE else None
    today = visit.context.clock.today()
    return await visit.show(
        "returns.html",
        rows=rows[:PAGE],
        more=more,
        today=today,
        once=uuid4(),
        may_reissue=visit.has(*givers_of(ReissuePayment)),
    )


@router.post("/returns/{payment_id}/reissue")
async def reissue(
    visit: Annotated[Visit, may(*givers_of(ReissuePayment))],
    payment_id: UUID,
    once: Annotated[UUID, Form()],
    note: Note,
    amount_cents: Annotated[int, Form()],
) -> Response:
    """With a step-up over the payee, the sum and the account it goes to. Payout pays its items again, as a new
    payment, or says why not."""
    async with visit.reading() as db:
        row = await payment(db, payment_id)
    if row is None:
        raise HTTPException(404)
    if amount_cents != (row["amount_cents"] or 0):
        raise HTTPException(412)
    command = ReissuePayment(
        payment_id=payment_id,
        amount_cents=row["amount_cents"],
        account_mask=row["account_now"],
        note=note,
        actor=str(visit.session.person_id),
    )
    return await step_up.ask(
        visit,
        command,
        key=str(payment_id),
        once=once,
        facts=(
            ("returns.payee", row["payee_name"] or str(row["payee_id"])),
            ("returns.amount", visit.shown.money(row["amount_cents"] or 0)),
            ("returns.account", row["account_now"] or "–"),
        ),
        back="/returns",
        notice="returns.asked",
    )
