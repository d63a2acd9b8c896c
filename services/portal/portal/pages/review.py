"""One review or exception: all that a decision needs, and the decision."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form, HTTPException, Response

from portal import step_up
from portal.commands import send_command
from portal.notes import Note
from portal.page import Visit, may, page_router
from portal.pages.questions import STAFF
from portal.questions import questions_of
from portal.review_decisions import Decision, case_asked_for, decision_command, decisions_about
from portal.review_queue import QUEUES, any_needs_passkey, case_of, reviewers, side_by_side
from portal.rules import OPERATIONS, Role
from throughline.edits import EDITABLE_FIELDS
from throughline.reviews import DENIAL_REASONS

router = page_router()


@router.get("/reviews/{request_id}")
async def review(visit: Annotated[Visit, may(*OPERATIONS)], request_id: UUID) -> Response:
    async with visit.reading() as db:
        case = await case_asked_for(visit, db, request_id)
        questions = await questions_of(db, request_id, visit.context.resources.content_key)
        other = None
        to = await reviewers(db) if visit.has(Role.REVIEWER) else []
        if case.repeats is not None:
            other = await case_of(db, visit.context.resources.content_key, case.repeats)
    pairs = [] if other is None else side_by_side(case.request, other.request)
    me = visit.session.person_id
    return await visit.show(
        "review.html",
        case=case,
        other=other,
        pairs=pairs,
        allowed=decisions_about(case, me) if visit.has(Role.REVIEWER) else (),
        questions=questions,
        side="operations",
        path_of_request=f"/reviews/{request_id}",
        may_ask=visit.has(*STAFF),
        to=to if case.row["state"] in QUEUES["all"] and not case.row["substatus"] else [],
        me=me,
        editable=EDITABLE_FIELDS,
        denials=DENIAL_REASONS,
        once=uuid4(),
        now=visit.context.clock.now(),
    )


@router.post("/reviews/{request_id}/decide")
async def decide(
    visit: Annotated[Visit, may(Role.REVIEWER)],
    request_id: UUID,
    decision: Annotated[Decision, Form()],
    version: Annotated[int, Form(ge=1)],
    answers: Annotated[UUID, Form()],
    once: Annotated[UUID, Form()],
    note: Note,
    amount_cents: Annotated[int | None, Form(ge=0)] = None,
    field: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=60)] = "",
    clear_name: Annotated[bool, Form()] = False,
) -> Response:
    """The decision leaves as a signed command; validation carries it out or says why not.

    An approval of much money asks for a step-up over the amount.
    """
    async with visit.reading() as db:
        case = await case_asked_for(visit, db, request_id)
        command = decision_command(
            visit,
            request_id,
            version,
            answers,
            decision,
            note,
            amount_cents,
            fields=field or (),
            overrides=case.checks,
            reason=reason,
            clear_name=clear_name,
        )
        if (version, answers) != (case.row["version"], case.answers):
            raise HTTPException(412)  # validation would refuse it too; here the person sees at once why
        if decision == "approve" and amount_cents != case.amount_cents:
            raise HTTPException(412)
        asks = decision == "approve" and await any_needs_passkey(db, {request_id: amount_cents or 0})
    back, notice = f"/reviews/{request_id}", f"reviews.asked_{decision}"
    if asks:
        return await step_up.ask(
            visit,
            command,
            key=str(request_id),
            once=once,
            facts=(
                ("reviews.request", case.row["number"]),
                ("reviews.payee", case.row["payee_name"] or "–"),
                ("reviews.would_pay", "–" if amount_cents is None else visit.shown.money(amount_cents)),
            ),
            back=back,
            notice=notice,
            correlation_id=str(request_id),
        )
    async with visit.speaking() as transaction:
        await send_command(
            visit, transaction, command, key=str(request_id), once=once, correlation_id=str(request_id)
        )
    return await visit.redirect_with(back, notice)
