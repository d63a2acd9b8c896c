"""Who looks at a review: taken, handed over, given back; it stays where it stands, and anybody may still decide it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from validation_stories import DEAR, REVIEWER, Line, only

from chassis import testing
from chassis.testing_people import OPERATIONS, called, know, signed_by
from throughline.decisions import (
    CommandRefused,
    ReviewAssigned,
    ReviewOpened,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.reasons import Reason
from throughline.reviews import AssignReview
from validation.testing import received

RELEASER = called("r-18", "releaser")


def handed(
    on: Line,
    assignee: UUID | None,
    held_by: UUID | None = None,
    answers: UUID | None = None,
    version: int = 1,
) -> AssignReview:
    opened = [one.id for one in on.said if isinstance(one.message, ReviewOpened | SubmissionExcepted)]
    return AssignReview(
        request_id=received().request_id,
        version=version,
        answers=answers or opened[-1],
        assignee=assignee,
        held_by=held_by,
        actor="r-17",
    )


async def test_a_review_is_taken_handed_over_and_given_back_and_stays_a_review(
    on: Line, pool: asyncpg.Pool
) -> None:
    other = called("r-19", "reviewer")
    await know(pool, OPERATIONS, REVIEWER, other)
    await on.hears(received(lines=DEAR))
    review, owner = on.last_id, None
    for to in (REVIEWER.person_id, other.person_id, None):
        taken = only(await on.hears(handed(on, to, held_by=owner)), ReviewAssigned)
        assert (taken.assignee, taken.assigned_by, taken.answers) == (to, REVIEWER.person_id, review)
        owner = to
    assert await on.states() == {1: "review"}
    only(await on.reviewer("deny", answers=review), SubmissionDenied)  # without taking it


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        pytest.param(
            lambda on: handed(on, REVIEWER.person_id, version=2), Reason.UNKNOWN_SUBJECT, id="unknown"
        ),
        pytest.param(
            lambda on: handed(on, REVIEWER.person_id, answers=uuid4()), Reason.STALE_ANSWER, id="stale"
        ),
        pytest.param(
            lambda on: handed(on, REVIEWER.person_id, held_by=uuid4()),
            Reason.STALE_ANSWER,
            id="another's by now",
        ),
        pytest.param(lambda on: handed(on, RELEASER.person_id), Reason.ROLE_MISSING, id="to no reviewer"),
        pytest.param(lambda on: handed(on, uuid4()), Reason.ROLE_MISSING, id="to nobody known"),
        pytest.param(
            lambda on: signed_by(
                RELEASER,
                testing.heard(
                    handed(on, None).model_copy(update={"actor": RELEASER.name}),
                    str(received().request_id),
                    topic="reviews",
                ),
            ),
            Reason.ROLE_MISSING,
            id="by a releaser",
        ),
    ],
)
async def test_a_review_does_not_change_hands(
    on: Line, pool: asyncpg.Pool, attempt: Callable[[Line], Any], reason: Reason
) -> None:
    await know(pool, OPERATIONS, REVIEWER, RELEASER)
    await on.hears(received(lines=DEAR))
    assert only(await on.hears(attempt(on)), CommandRefused).reason is reason
    assert await pool.fetchval("select assignee from versions") is None


async def test_what_is_decided_is_nobodys_any_more(on: Line, pool: asyncpg.Pool) -> None:
    await know(pool, OPERATIONS, REVIEWER)
    await on.hears(received(lines=DEAR))
    await on.hears(handed(on, REVIEWER.person_id))
    review = on.said[-2].id
    only(await on.reviewer("return_for_edits", answers=review), SubmissionExcepted)
    assert await pool.fetchval("select assignee from versions") is None
    only(await on.hears(handed(on, REVIEWER.person_id)), ReviewAssigned)
    only(await on.reviewer("deny", answers=on.said[-2].id), SubmissionDenied)
    assert only(await on.hears(handed(on, None)), CommandRefused).reason is Reason.NOT_ALLOWED_NOW
