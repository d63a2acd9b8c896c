"""Questions and answers between a provider's people and the operations staff, on the record of a request.

Who asks signs. A word is shown only of whom ``read_model.believed`` admits: a provider's person for their own
payees, or a person of the staff; and a question only of the side that it does not wait for, where its payee is its
request's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from chassis import Heard, Signer
from portal.read_model.sealed_content import ContentKey
from throughline.questions import QuestionAnswered, QuestionAsked

Side = Literal["provider", "operations"]
OTHER: Mapping[Side, Side] = {"provider": "operations", "operations": "provider"}
SHOWN = 20

# Whoever asks names request and payee: only where the request is that payee's is the question shown.
_ABOUT = "questions q join requests r on r.request_id = q.request_id and r.payee_id = q.payee_id"
_OF_REQUEST = f"""
select q.* from {_ABOUT} where q.request_id = $1 and q.text is not null order by q.asked_at, q.question_id
"""
_WAITING = f"""
select q.question_id, q.request_id, q.asked_at, r.number from {_ABOUT}
where q.to_side = $1 and q.answered_at is null and q.text is not null order by q.asked_at, q.question_id limit $2
"""
# As a provider's people see them: one short read of an index for each of their payees.
_WAITING_OF_OWN = """
select q.question_id, q.request_id, q.asked_at, r.number from unnest((select portal_payees())) as own (payee_id)
join questions q on q.payee_id = own.payee_id
join requests r on r.request_id = q.request_id and r.payee_id = q.payee_id
where q.to_side = $1 and q.answered_at is null and q.text is not null order by q.asked_at, q.question_id limit $2
"""
_ONE = f"select q.* from {_ABOUT} where q.question_id = $1 and q.request_id = $2 and q.text is not null"
_ASKED = (
    "select question_id, request_id, payee_id from questions where question_id = any($1) and text is not null"
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question as its request's pages show it; ``answer`` is None while it waits."""

    question_id: UUID
    to: Side
    asked_at: datetime
    text: str
    answered_at: datetime | None
    answer: str | None


def side_of(heard: Heard[QuestionAsked] | Heard[QuestionAnswered]) -> Side:
    """The side that the person signs for, who is believed already."""
    signer = heard.signer
    assert isinstance(signer, Signer), "what nobody signed is shown to nobody"
    return "provider" if signer.role in ("biller", "provider_admin") else "operations"


async def questions_of(db: asyncpg.Connection, request_id: UUID, key: ContentKey) -> list[Question]:
    """All of one request, in the order of asking."""
    return [_question(row, key) for row in await db.fetch(_OF_REQUEST, request_id)]


async def waiting_for(db: asyncpg.Connection, side: Side) -> list[asyncpg.Record]:
    """The oldest questions that wait for this side, with their requests' numbers."""
    statement = _WAITING_OF_OWN if side == "provider" else _WAITING
    rows: list[asyncpg.Record] = await db.fetch(statement, side, SHOWN)
    return rows


async def find_question(db: asyncpg.Connection, request_id: UUID, question_id: UUID) -> asyncpg.Record | None:
    """None where there is none of this request, or not for the caller."""
    return await db.fetchrow(_ONE, question_id, request_id)


async def asked_of(db: asyncpg.Connection, heard: Sequence[Heard[Any]]) -> dict[UUID, tuple[UUID, UUID]]:
    """Request and payee of each question that messages name and that was asked before."""
    named = {
        one.message.question_id for one in heard if isinstance(one.message, QuestionAsked | QuestionAnswered)
    }
    if not named:
        return {}
    return {row[0]: (row[1], row[2]) for row in await db.fetch(_ASKED, list(named))}


def _question(row: asyncpg.Record, key: ContentKey) -> Question:
    identity, answer = row["question_id"], row["answer"]
    return Question(
        identity,
        row["to_side"],
        row["asked_at"],
        key.open(row["text"], "questions", identity).decode(),
        row["answered_at"],
        None if answer is None else key.open(answer, "questions.answer", identity).decode(),
    )
