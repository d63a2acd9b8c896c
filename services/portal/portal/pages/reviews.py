"""Reviews: what waits for a person, and one decision for several of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Form, HTTPException, Query, Response

from portal.commands import send_command
from portal.notes import Note
from portal.page import Nav, Visit, may, page_router
from portal.questions import waiting_for
from portal.review_decisions import decision_command
from portal.review_queue import (
    PAGE,
    QUEUES,
    Filter,
    all_as_seen,
    any_needs_passkey,
    causes,
    payers,
    place_after,
    place_of,
    waiting,
)
from portal.rules import OPERATIONS, Role
from throughline.edits import EDITABLE_FIELDS
from throughline.reasons import Reason
from throughline.reviews import DENIAL_REASONS

router = page_router(Nav("reviews", "/reviews", OPERATIONS, order=20))
BULK_MAX = 50
CAUSES = frozenset(one.value for one in Reason)
BULK: Mapping[str, tuple[str, ...]] = {
    "review": ("approve", "deny", "return_for_edits"),
    "second": ("approve", "deny", "return_for_edits"),
    "disputed": (),
}
"""What can be decided of several at once, by the list; a dispute is heard alone."""


@router.get("/reviews")
async def reviews(
    visit: Annotated[Visit, may(*OPERATIONS)],
    queue: Literal["review", "second", "disputed", "exception", "all"] = "review",
    payer: str | None = None,
    cause: str | None = None,
    at_least: Annotated[int, Query(ge=0, le=99_999_999)] = 0,
    whose: Literal["any", "mine", "nobody"] = "any",
    after: str | None = None,
) -> Response:
    """``at_least`` in whole dollars."""
    if cause and cause not in CAUSES:
        raise HTTPException(400)
    chosen = Filter(queue, payer or None, cause or None, at_least * 100, whose)
    try:
        place = place_of(after)
    except ValueError:
        raise HTTPException(400) from None
    async with visit.reading() as db:
        rows = await waiting(db, chosen, place, PAGE + 1)
        by_cause = await causes(db)
        named = await payers(db)
        questions = await waiting_for(db, "operations")
    return await visit.show(
        "reviews.html",
        rows=rows[:PAGE],
        more=place_after(rows[PAGE - 1]) if len(rows) > PAGE else None,
        chosen=chosen,
        causes=by_cause,
        payers=named,
        questions=questions,
        queues=tuple(QUEUES),
        me=visit.session.person_id,
        now=visit.context.clock.now(),
        once=uuid4(),
        bulk=BULK.get(queue, ("deny",)),
        editable=EDITABLE_FIELDS,
        denials=DENIAL_REASONS,
    )


@router.post("/reviews/decide")
async def decide_many(
    visit: Annotated[Visit, may(Role.REVIEWER)],
    decision: Annotated[Literal["approve", "deny", "return_for_edits"], Form()],
    once: Annotated[UUID, Form()],
    note: Note,
    chosen: Annotated[list[str], Form()],
    field: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """One note for all that were ticked, and what a return lets be changed or a denial is for. Each is decided by a
    command of its own, as it was shown.

    What needs a step-up is looked at and approved one by one.
    """
    if not 0 < len(chosen) <= BULK_MAX:
        raise HTTPException(422)
    commands = []
    for one in chosen:
        request_id, version, answers, amount = _ticked(one)
        commands.append(
            decision_command(
                visit,
                request_id,
                version,
                answers,
                decision,
                note,
                amount,
                fields=field or (),
                reason=reason,
            )
        )
    async with visit.reading() as db:
        if not await all_as_seen(db, commands):
            raise HTTPException(412)
        if decision == "approve":
            amounts = {command.request_id: command.amount_cents or 0 for command in commands}
            if await any_needs_passkey(db, amounts):
                raise HTTPException(428)
    async with visit.speaking() as transaction:
        for command in commands:
            await send_command(visit, transaction, command, key=str(command.request_id), once=once)
    return await visit.redirect_with("/reviews", "reviews.asked_many", n=len(commands))


def _ticked(text: str) -> tuple[UUID, int, UUID, int | None]:
    """A ticked row as the list wrote it: request, version, what it answers, amount. Raises HTTPException 422."""
    try:
        request_id, version, answers, amount = text.split("~")
        return UUID(request_id), int(version), UUID(answers), int(amount) if amount else None
    except ValueError:
        raise HTTPException(422) from None
