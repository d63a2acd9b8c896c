"""A reviewer's decision as the pages make it of what a form says, and the request that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import asyncpg
from fastapi import HTTPException
from pydantic import ValidationError

from portal.page import Visit
from portal.review_queue import Case, case_of
from throughline.reasons import Reason
from throughline.reviews import DENIAL_REASONS, DecideReview

Decision = Literal["approve", "deny", "return_for_edits", "release", "recall", "uphold", "change"]

MAY_DECIDE: Mapping[str | None, tuple[Decision, ...]] = {
    "In review": ("approve", "deny", "return_for_edits"),
    "Exception": ("release", "deny"),
    "Approved": ("recall",),
}
"""What can be decided in which state; validation refuses everything else."""


def decisions_about(case: Case, person_id: UUID) -> tuple[Decision, ...]:
    """What this person can decide of it. Who gave the first of two approvals does not give the second, nobody approves
    what they sent, and a dispute is decided by somebody who had no part in the decision."""
    row = case.row
    sent = person_id in (row["senders"] or ())
    if case.is_disputed:
        took_part = str(person_id) in (row["decided_by"], row["first_decided_by"])
        return () if sent or took_part or row["disputed_by"] == person_id else ("uphold", "change")
    allowed = () if row["substatus"] else MAY_DECIDE.get(row["state"], ())
    no_approval = sent or row["first_approver"] == person_id
    return tuple(one for one in allowed if not (no_approval and one == "approve"))


def decision_command(
    visit: Visit,
    request_id: UUID,
    version: int,
    answers: UUID,
    decision: Decision,
    note: str,
    amount_cents: int | None,
    *,
    fields: Sequence[str] = (),
    overrides: Sequence[Reason] = (),
    reason: str = "",
    clear_name: bool = False,
) -> DecideReview:
    """Raises HTTPException 422 where no page of ours wrote the version, the amount, a field or the reason."""
    try:
        return DecideReview(
            request_id=request_id,
            version=version,
            answers=answers,
            decision=decision,
            amount_cents=amount_cents if decision == "approve" else None,
            reason=_denial_reason(reason) if decision == "deny" else None,
            fields=tuple(fields) or None if decision == "return_for_edits" else None,  # type: ignore[arg-type]
            overrides=tuple(overrides) if decision == "release" else None,
            clear_name=True if clear_name and decision in ("approve", "release") else None,
            note=note,
            actor=str(visit.session.person_id),
        )
    except ValidationError:
        raise HTTPException(422) from None


async def case_asked_for(visit: Visit, db: asyncpg.Connection, request_id: UUID) -> Case:
    """Raises HTTPException 404 where there is no such request."""
    case = await case_of(db, visit.context.resources.content_key, request_id)
    if case is None:
        raise HTTPException(404)
    return case


def _denial_reason(code: str) -> Reason | None:
    """Raises HTTPException 422 where it is none that a reviewer denies for."""
    found = next((one for one in DENIAL_REASONS if one.value == code), None)
    if code and found is None:
        raise HTTPException(422)
    return found
