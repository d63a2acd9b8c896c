"""Reviews: what waits for a person, one case with all that a decision needs, and the decision."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID, uuid4

import asyncpg
from fastapi import Form, HTTPException, Query, Response
from pydantic import ValidationError

from chassis import Transaction
from portal import step_up
from portal.commands import send_command
from portal.page import Nav, Visit, may, page_router
from portal.pages.questions import STAFF
from portal.questions import questions_of, waiting_for
from portal.review_queue import (
    PAGE,
    QUEUES,
    Case,
    Filter,
    all_as_seen,
    any_needs_passkey,
    case_of,
    causes,
    payers,
    place_after,
    place_of,
    reviewers,
    side_by_side,
    waiting,
)
from portal.rules import OPERATIONS, Role
from throughline.reviews import AssignReview, DecideReview

router = page_router(Nav("reviews", "/reviews", OPERATIONS, order=20))

Decision = Literal["approve", "deny", "return_for_edits", "release", "recall"]

MAY_DECIDE: dict[str | None, tuple[Decision, ...]] = {
    "In review": ("approve", "deny", "return_for_edits"),
    "Exception": ("release", "deny"),
    "Approved": ("recall",),
}
"""What can be decided in which state; validation refuses everything else."""
BULK_MAX = 50


@router.get("/reviews")
async def reviews(
    visit: Annotated[Visit, may(*OPERATIONS)],
    queue: Literal["review", "exception", "all"] = "review",
    payer: str | None = None,
    cause: str | None = None,
    at_least: Annotated[int, Query(ge=0, le=99_999_999)] = 0,
    whose: Literal["any", "mine", "nobody"] = "any",
    after: str | None = None,
) -> Response:
    """``at_least`` in whole dollars."""
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
        bulk=("approve", "deny", "return_for_edits") if queue == "review" else ("deny",),
    )


@router.get("/reviews/{request_id}")
async def review(visit: Annotated[Visit, may(*OPERATIONS)], request_id: UUID) -> Response:
    async with visit.reading() as db:
        case = await _case(visit, db, request_id)
        questions = await questions_of(db, request_id, visit.context.resources.content_key)
        other = None
        to = await reviewers(db) if visit.has(Role.REVIEWER) else []
        if case.repeats is not None:
            other = await case_of(db, visit.context.resources.content_key, case.repeats)
    pairs = [] if other is None else side_by_side(case.request, other.request)
    allowed = () if case.row["substatus"] else MAY_DECIDE.get(case.row["state"], ())
    return await visit.show(
        "review.html",
        case=case,
        other=other,
        pairs=pairs,
        allowed=allowed if visit.has(Role.REVIEWER) else (),
        questions=questions,
        side="operations",
        path_of_request=f"/reviews/{request_id}",
        may_ask=visit.has(*STAFF),
        to=to if case.row["state"] in QUEUES["all"] else [],
        me=visit.session.person_id,
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
    note: Annotated[str, Form(min_length=1, max_length=1000)],
    amount_cents: Annotated[int | None, Form(ge=0)] = None,
) -> Response:
    """The decision leaves as a signed command; validation carries it out or says why not.

    An approval of much money asks for a step-up over the amount.
    """
    command = _command(visit, request_id, version, answers, decision, note, amount_cents)
    async with visit.reading() as db:
        case = await _case(visit, db, request_id)
        if (version, answers) != (case.row["version"], case.row["decision_id"]):
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
        await _case(visit, transaction.db, request_id)
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
        await _case(visit, transaction.db, request_id)
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


@router.post("/reviews/decide")
async def decide_many(
    visit: Annotated[Visit, may(Role.REVIEWER)],
    decision: Annotated[Literal["approve", "deny", "return_for_edits"], Form()],
    once: Annotated[UUID, Form()],
    note: Annotated[str, Form(min_length=1, max_length=1000)],
    chosen: Annotated[list[str], Form()],
) -> Response:
    """One note for all that were ticked, each decided by a command of its own, as it was shown.

    What needs a step-up is looked at and approved one by one.
    """
    if not 0 < len(chosen) <= BULK_MAX:
        raise HTTPException(422)
    commands = []
    for one in chosen:
        request_id, version, answers, amount = _ticked(one)
        commands.append(_command(visit, request_id, version, answers, decision, note, amount))
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


def _command(
    visit: Visit,
    request_id: UUID,
    version: int,
    answers: UUID,
    decision: Decision,
    note: str,
    amount_cents: int | None,
) -> DecideReview:
    """Raises HTTPException 422 where no page of ours wrote the version or the amount."""
    try:
        return DecideReview(
            request_id=request_id,
            version=version,
            answers=answers,
            decision=decision,
            amount_cents=amount_cents if decision == "approve" else None,
            note=note,
            actor=str(visit.session.person_id),
        )
    except ValidationError:
        raise HTTPException(422) from None


async def _case(visit: Visit, db: asyncpg.Connection, request_id: UUID) -> Case:
    case = await case_of(db, visit.context.resources.content_key, request_id)
    if case is None:
        raise HTTPException(404)
    return case
