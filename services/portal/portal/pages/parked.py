"""Parked records: what could not be applied, why, and putting it through the same door again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form, HTTPException, Response
from pydantic import ValidationError

from portal import redrive_proposals
from portal.commands import send_command
from portal.page import Nav, Visit, may, page_router
from portal.parked_desk import PAGE, causes, coordinates, key_of, place_after, place_of, standing
from portal.rules import OPERATIONS, Role
from throughline.flow import SERVICES
from throughline.reasons import Reason
from throughline.repairs import ALONE_MAX, RedriveRecord, RedriveRecords

router = page_router(Nav("parked", "/parked", OPERATIONS, order=70))


@router.get("/parked")
async def parked(
    visit: Annotated[Visit, may(*OPERATIONS)],
    service: str | None = None,
    reason: str | None = None,
    after: str | None = None,
) -> Response:
    try:
        place = place_of(after)
    except ValueError:
        raise HTTPException(400) from None
    async with visit.reading() as db:
        rows = await standing(db, service or None, reason or None, place)
        by_cause = await causes(db)
        proposals = await redrive_proposals.waiting(db)
    return await visit.show(
        "parked.html",
        rows=rows[:PAGE],
        more=place_after(rows[PAGE - 1]) if len(rows) > PAGE else None,
        causes=by_cause,
        service=service,
        reason=reason,
        once=uuid4(),
        alone_max=ALONE_MAX,
        proposals=proposals,
        me=visit.session.person_id,
    )


@router.post("/parked/redrive")
async def redrive(
    visit: Annotated[Visit, may(Role.OPERATOR)],
    service: Annotated[str, Form()],
    topic: Annotated[str, Form()],
    partition: Annotated[int, Form(ge=0)],
    offset: Annotated[int, Form(ge=0)],
    once: Annotated[UUID, Form()],
) -> Response:
    """The service that parked it answers on its own topic."""
    try:
        at = coordinates(topic, partition, offset)
    except ValidationError:
        raise HTTPException(422) from None
    command = RedriveRecord(service=_known(service), coordinates=at, actor=str(visit.session.person_id))
    async with visit.speaking() as transaction:
        await send_command(visit, transaction, command, key=key_of(at), once=once)
    return await visit.redirect_with("/parked", "parked.asked")


@router.post("/parked/redrive-all")
async def redrive_all(
    visit: Annotated[Visit, may(Role.OPERATOR)],
    service: Annotated[str, Form()],
    reason: Annotated[str, Form()],
    once: Annotated[UUID, Form()],
) -> Response:
    """As many as one person may have redriven alone."""
    command = RedriveRecords(
        service=_known(service),
        reason=_named(reason),
        count_max=ALONE_MAX,
        actor=str(visit.session.person_id),
    )
    async with visit.speaking() as transaction:
        await send_command(visit, transaction, command, key=command.service, once=once)
    return await visit.redirect_with("/parked", "parked.asked_all")


@router.post("/parked/propose")
async def propose(
    visit: Annotated[Visit, may(Role.OPERATOR)],
    service: Annotated[str, Form()],
    reason: Annotated[str, Form()],
    count_max: Annotated[int, Form(gt=ALONE_MAX, le=10_000)],
) -> Response:
    """More than one person may have redriven: another operator approves it first."""
    await redrive_proposals.propose(visit, _known(service), _named(reason), count_max)
    return await visit.redirect_with("/parked", "parked.proposed")


@router.post("/parked/proposals/{proposal_id}/approve")
async def approve(visit: Annotated[Visit, may(Role.OPERATOR)], proposal_id: UUID) -> Response:
    await redrive_proposals.decide(visit, proposal_id, approve=True)
    return await visit.redirect_with("/parked", "parked.asked_all")


@router.post("/parked/proposals/{proposal_id}/drop")
async def drop(visit: Annotated[Visit, may(Role.OPERATOR)], proposal_id: UUID) -> Response:
    await redrive_proposals.decide(visit, proposal_id, approve=False)
    return await visit.redirect_with("/parked", "parked.dropped")


def _known(service: str) -> str:
    if service not in SERVICES:
        raise HTTPException(422)
    return service


def _named(reason: str) -> Reason:
    found = next((one for one in Reason if one.value == reason), None)
    if found is None:
        raise HTTPException(422)
    return found
