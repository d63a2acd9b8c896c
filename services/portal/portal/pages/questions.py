"""Questions about a request, asked and answered by both sides, each on its own page of the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Form, HTTPException, Response
from pydantic import ValidationError

from chassis import Transaction
from portal.commands import send_command
from portal.notes import LongNote
from portal.page import Visit, may, page_router
from portal.payee_on_file import organisation_of_payee
from portal.questions import Side, find_question
from portal.rules import PROVIDERS, Role
from throughline.identifiers import derived
from throughline.questions import QuestionAnswered, QuestionAsked

router = page_router()

STAFF = (Role.REVIEWER, Role.RELEASER, Role.ACCOUNT_APPROVER, Role.OPERATOR)
Words = LongNote

_REQUEST = "select version, payee_id from requests where request_id = $1 and version is not null"


@router.post("/requests/{request_id}/questions")
async def ask_operations(
    visit: Annotated[Visit, may(*PROVIDERS)], request_id: UUID, text: Words, once: Annotated[UUID, Form()]
) -> Response:
    return await _ask(visit, request_id, text, once, "operations", f"/requests/{request_id}")


@router.post("/reviews/{request_id}/questions")
async def ask_provider(
    visit: Annotated[Visit, may(*STAFF)], request_id: UUID, text: Words, once: Annotated[UUID, Form()]
) -> Response:
    return await _ask(visit, request_id, text, once, "provider", f"/reviews/{request_id}")


@router.post("/requests/{request_id}/questions/{question_id}")
async def answer_operations(
    visit: Annotated[Visit, may(*PROVIDERS)], request_id: UUID, question_id: UUID, text: Words
) -> Response:
    return await _answer(visit, request_id, question_id, text, "provider", f"/requests/{request_id}")


@router.post("/reviews/{request_id}/questions/{question_id}")
async def answer_provider(
    visit: Annotated[Visit, may(*STAFF)], request_id: UUID, question_id: UUID, text: Words
) -> Response:
    return await _answer(visit, request_id, question_id, text, "operations", f"/reviews/{request_id}")


async def _ask(visit: Visit, request_id: UUID, text: str, once: UUID, to: Side, back: str) -> Response:
    async with visit.speaking() as transaction:
        row = await transaction.db.fetchrow(_REQUEST, request_id)
        if row is None or row["payee_id"] is None:
            raise HTTPException(404)
        about = {
            "question_id": str(derived("question", str(once), str(request_id))),
            "request_id": str(request_id),
            "version": row["version"],
            "payee_id": str(row["payee_id"]),
            "to": to,
        }
        await _send(visit, transaction, QuestionAsked, about, text, once)
    return await visit.redirect_with(back, "questions.asked")


async def _answer(
    visit: Visit, request_id: UUID, question_id: UUID, text: str, side: Side, back: str
) -> Response:
    """A question has one answer: its command's id follows from the question's."""
    async with visit.speaking() as transaction:
        row = await find_question(transaction.db, request_id, question_id)
        if row is None:
            raise HTTPException(404)
        if row["to_side"] != side or row["answered_at"] is not None:
            raise HTTPException(412)
        about = {
            "question_id": str(question_id),
            "request_id": str(request_id),
            "payee_id": str(row["payee_id"]),
        }
        await _send(visit, transaction, QuestionAnswered, about, text, question_id)
    return await visit.redirect_with(back, "questions.answered_now")


async def _send(
    visit: Visit,
    transaction: Transaction,
    kind: type[QuestionAsked] | type[QuestionAnswered],
    about: Mapping[str, object],
    text: str,
    once: UUID,
) -> None:
    """For the organisation whose payee it is, where a person acts for several. Raises HTTPException 404, 422."""
    words = text.replace("\r\n", "\n").strip()
    try:
        said = kind.model_validate(
            {**about, "text": words, "actor": str(visit.session.person_id)}, strict=False
        )
    except ValidationError:
        raise HTTPException(422) from None
    assert visit.caller is not None
    key, organisation = str(said.request_id), None
    if visit.caller.roles[0] in PROVIDERS:
        organisation = await organisation_of_payee(transaction.db, said.payee_id)
        if organisation is None:
            raise HTTPException(404)
    await send_command(
        visit,
        transaction,
        said,
        key=key,
        once=once,
        organisation_id=organisation,
        correlation_id=key,
    )
