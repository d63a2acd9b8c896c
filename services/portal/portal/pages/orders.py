"""Orders: items held and let go on, payments taken back by two people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, get_args
from uuid import UUID, uuid4

from fastapi import Form, HTTPException, Response

from portal import order_desk, order_proposals, step_up
from portal.commands import send_command
from portal.instants import instant_of
from portal.notes import Note
from portal.page import Nav, Visit, may, page_router
from portal.payment_desk import NOBODY, payment
from portal.rules import OPERATIONS, givers_of
from portal.texts import text
from throughline.orders import HoldItem, ReleaseItem, ReversalCause, ReversePayment

router = page_router(Nav("orders", "/orders", OPERATIONS, order=45))
PAGE = order_desk.PAGE

Once = Annotated[UUID, Form()]
SeenVersion = Annotated[int, Form(ge=1, le=999)]


@router.get("/orders")
async def orders(
    visit: Annotated[Visit, may(*OPERATIONS)], find: str = "", after: str | None = None
) -> Response:
    """``find``: a request's number or id, or a payment's id."""
    wanted = find.strip()[:80]
    try:
        place = _place_of(after)
    except ValueError:
        raise HTTPException(400) from None
    async with visit.reading() as db:
        found = await order_desk.find(db, wanted) if wanted else []
        held = await order_desk.held(db, place)
        proposals = await order_proposals.waiting(db, visit.context.resources.content_key)
    last = held[PAGE - 1] if len(held) > PAGE else None
    return await visit.show(
        "orders.html",
        find=wanted,
        found=found,
        held=held[:PAGE],
        more=last and f"{last['changed_at'].isoformat()}~{last['request_id']}",
        proposals=proposals,
        me=visit.session.person_id,
        may_reverse=visit.has(*givers_of(ReversePayment)),
    )


@router.get("/orders/requests/{request_id}")
async def one_request(visit: Annotated[Visit, may(*OPERATIONS)], request_id: UUID) -> Response:
    async with visit.reading() as db:
        row = await order_desk.request(db, request_id)
        items = await order_desk.items(db, request_id)
        payments = await order_desk.payments(db, request_id)
    if row is None:
        raise HTTPException(404)
    return await visit.show(
        "order.html",
        row=row,
        items=items,
        payments=payments,
        causes=get_args(ReversalCause),
        once=uuid4(),
        may_hold=visit.has(*givers_of(HoldItem)),
        may_reverse=visit.has(*givers_of(ReversePayment)),
    )


@router.post("/orders/requests/{request_id}/hold")
async def hold(
    visit: Annotated[Visit, may(*givers_of(HoldItem))],
    request_id: UUID,
    version: SeenVersion,
    once: Once,
    note: Note,
) -> Response:
    """It is not paid before somebody releases it; too late where it is in a batch."""
    order = HoldItem(request_id=request_id, version=version, note=note, actor=str(visit.session.person_id))
    return await _order(visit, order, once, "orders.asked_hold")


@router.post("/orders/requests/{request_id}/release")
async def release(
    visit: Annotated[Visit, may(*givers_of(ReleaseItem))],
    request_id: UUID,
    version: SeenVersion,
    once: Once,
    note: Note,
) -> Response:
    """It waits for the next cutoff. What still has no account is held again."""
    order = ReleaseItem(request_id=request_id, version=version, note=note, actor=str(visit.session.person_id))
    return await _order(visit, order, once, "orders.asked_release")


@router.post("/orders/payments/{payment_id}/reverse")
async def reverse(
    visit: Annotated[Visit, may(*givers_of(ReversePayment))],
    payment_id: UUID,
    cause: Annotated[str, Form()],
    note: Note,
    amount_cents: Annotated[int, Form()],
) -> Response:
    """Proposes it to another person. Payout has the last word on its five banking days."""
    causes: dict[str, ReversalCause] = {one: one for one in get_args(ReversalCause)}
    if cause not in causes:
        raise HTTPException(422)
    async with visit.reading() as db:
        row = await payment(db, payment_id)
    if row is None:
        raise HTTPException(404)
    if amount_cents != row["amount_cents"] or row["state"] != "settled":
        raise HTTPException(412)
    await order_proposals.propose(visit, payment_id, causes[cause], note)
    return await visit.redirect_with("/orders", "orders.proposed")


@router.post("/orders/proposals/{proposal_id}/approve")
async def approve(visit: Annotated[Visit, may(*givers_of(ReversePayment))], proposal_id: UUID) -> Response:
    """With a step-up over the payee, the sum, the account and the cause; the order names and is signed by both."""
    async with visit.writing() as db:
        proposal = await order_proposals.of_another(db, visit, proposal_id)
    async with visit.reading() as db:
        row = await payment(db, proposal.payment_id)
    if row is None:
        raise HTTPException(404)
    order = ReversePayment(
        payment_id=proposal.payment_id,
        cause=proposal.cause,
        note=proposal.note,
        actor=str(visit.session.person_id),
    )
    return await step_up.ask(
        visit,
        order,
        key=str(proposal.payment_id),
        once=proposal_id,
        facts=(
            ("orders.payee", row["payee_name"] or str(row["payee_id"])),
            ("orders.amount", visit.shown.money(row["amount_cents"] or 0)),
            ("orders.cause", text(visit.shown.language, f"orders.cause_{proposal.cause}", {})),
            ("orders.account", row["account_mask"] or "–"),
            ("orders.trace", row["trace_number"] or "–"),
            ("orders.note", proposal.note),
        ),
        back="/orders",
        notice="orders.asked_reversal",
        proposal=proposal_id,
    )


@router.post("/orders/proposals/{proposal_id}/drop")
async def drop(visit: Annotated[Visit, may(*givers_of(ReversePayment))], proposal_id: UUID) -> Response:
    await order_proposals.drop(visit, proposal_id)
    return await visit.redirect_with("/orders", "orders.dropped")


async def _order(visit: Visit, order: HoldItem | ReleaseItem, once: UUID, notice: str) -> Response:
    where = f"/orders/requests/{order.request_id}"
    async with visit.speaking() as transaction:
        if await order_desk.request(transaction.db, order.request_id) is None:
            raise HTTPException(404)
        await send_command(
            visit,
            transaction,
            order,
            key=str(order.request_id),
            once=once,
            correlation_id=str(order.request_id),
        )
    return await visit.redirect_with(where, notice)


def _place_of(text: str | None) -> tuple[datetime | None, UUID]:
    """Where the list goes on. Raises ValueError where the text is no place."""
    if not text:
        return None, NOBODY
    at, _, identity = text.partition("~")
    return instant_of(at), UUID(identity)
