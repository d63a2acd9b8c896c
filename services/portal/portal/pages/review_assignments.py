"""Who looks at a review: taken, given back, handed over."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, HTTPException, Response
from pydantic import ValidationError

from chassis import Transaction
from portal.commands import send_command
from portal.page import Visit, may, page_router
from portal.review_decisions import case_asked_for
from portal.rules import Role
from throughline.reviews import AssignReview

router = page_router()


@router.post("/reviews/{request_id}/assign")
async def assign(
    visit: Annotated[Visit, may(Role.REVIEWER)],
    request_id: UUID,
    version: Annotated[int, Form(ge=1)],
    answers: Annotated[UUID, Form()],
    once: Annotated[UUID, Form()],
    to: Annotated[str, Form(max_length=36)] = "",
    held_by: Annotated[str, Form(max_length=36)] = "",
) -> Response:
    """Take it, give it back (``to`` nobody), or hand it over; validation refuses it where it is no longer as seen."""
    async with visit.speaking() as transaction:
        await case_asked_for(visit, transaction.db, request_id)
        await _send_assignment(
            visit, transaction, request_id, version, answers, once, _person(to), _person(held_by)
        )
    return await visit.redirect_with(f"/reviews/{request_id}", "reviews.asked_assign")


@router.post("/reviews/take")
async def take(
    visit: Annotated[Visit, may(Role.REVIEWER)],
    one: Annotated[str, Form()],
    once: Annotated[UUID, Form()],
) -> Response:
    """Take a row of the list."""
    request_id, version, answers, held_by = _row(one)
    async with visit.speaking() as transaction:
        await case_asked_for(visit, transaction.db, request_id)
        me = visit.session.person_id
        await _send_assignment(visit, transaction, request_id, version, answers, once, me, held_by)
    return await visit.redirect_with("/reviews", "reviews.asked_assign")


async def _send_assignment(
    visit: Visit,
    transaction: Transaction,
    request_id: UUID,
    version: int,
    answers: UUID,
    once: UUID,
    assignee: UUID | None,
    held_by: UUID | None,
) -> None:
    try:
        command = AssignReview(
            request_id=request_id,
            version=version,
            answers=answers,
            assignee=assignee,
            held_by=held_by,
            actor=str(visit.session.person_id),
        )
    except ValidationError:
        raise HTTPException(422) from None
    key = str(request_id)
    await send_command(visit, transaction, command, key=key, once=once, correlation_id=key)


def _row(text: str) -> tuple[UUID, int, UUID, UUID | None]:
    """A row as the list wrote it: request, version, what it answers, whose it was. Raises HTTPException 422."""
    try:
        request_id, version, answers, held_by = text.split("~")
        return UUID(request_id), int(version), UUID(answers), _person(held_by)
    except ValueError:
        raise HTTPException(422) from None


def _person(text: str) -> UUID | None:
    """Raises HTTPException 422 where it is nobody's id."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise HTTPException(422) from None
