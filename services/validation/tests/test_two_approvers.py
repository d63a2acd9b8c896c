"""Above a payer's limit two different people approve; a first approval holds for what was asked, at its amount."""

from __future__ import annotations

from uuid import UUID

import pytest
from test_tally_stories import YEARLY, visit
from validation_stories import DEAR, REVIEWER, Line, correction, only

from chassis.testing_people import called
from throughline.decisions import (
    CommandRefused,
    FirstApprovalGiven,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
)
from throughline.message import Message
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from validation.testing import line, payer, received

OTHER = called("r-19", "reviewer")
BOTH = payer(version=2, two_approvers_from_cents=260_000)
"""What DEAR would be paid, exactly."""


def by(
    on: Line,
    name: str,
    decision: str = "approve",
    *,
    sees_cents: int | None = None,
    answers: UUID | None = None,
) -> DecideReview:
    return DecideReview(
        request_id=received().request_id,
        version=1,
        answers=answers or on.last_id,
        decision=decision,  # type: ignore[arg-type]
        note=f"{name} looked",
        amount_cents=on.proposed_cents if sees_cents is None else sees_cents,
        actor=name,
    )


async def test_two_different_people_approve(on: Line) -> None:
    await on.hears(BOTH, received(lines=DEAR))
    review = on.last_id
    first = only(await on.hears(by(on, "r-17")), FirstApprovalGiven)
    assert (first.approved_by, first.amount_cents, first.answers) == (REVIEWER.person_id, 260_000, review)
    assert await on.states() == {1: "review"}
    given = on.last_id
    late = only(await on.hears(by(on, "r-19", answers=review)), CommandRefused)
    assert late.reason is Reason.STALE_ANSWER, "who did not see the first approval is not the second"
    again = only(await on.hears(by(on, "r-17", answers=given)), CommandRefused)
    assert again.reason is Reason.SAME_PERSON
    approved = only(await on.hears(by(on, "r-19", answers=given)), SubmissionApproved)
    assert approved.decided_by.actor == OTHER.name and approved.decided_by.first_actor == REVIEWER.name


@pytest.mark.parametrize("limit", [None, 260_001])
async def test_below_the_limit_one_is_enough(on: Line, limit: int | None) -> None:
    await on.hears(payer(version=2, two_approvers_from_cents=limit), received(lines=DEAR))
    approved = only(await on.hears(by(on, "r-17")), SubmissionApproved)
    assert approved.decided_by.first_actor is None


async def test_who_sent_it_is_not_the_second(on: Line) -> None:
    sent = received(lines=DEAR).model_copy(update={"submitted_by": OTHER.person_id})
    await on.hears(BOTH, sent)
    only(await on.hears(by(on, "r-17")), FirstApprovalGiven)
    assert only(await on.hears(by(on, "r-19")), CommandRefused).reason is Reason.SAME_PERSON


async def test_either_may_still_deny(on: Line) -> None:
    await on.hears(BOTH, received(lines=DEAR))
    only(await on.hears(by(on, "r-17")), FirstApprovalGiven)
    denied = only(await on.hears(by(on, "r-17", "deny")), SubmissionDenied)
    assert denied.decided_by.first_actor is None


async def test_another_amount_takes_the_first_approval_back(on: Line) -> None:
    """The second would approve what the first did not: it is shown anew, and begins anew."""
    await on.hears(
        payer(version=2, auto_approve_below_cents=5_000, two_approvers_from_cents=6_000),
        YEARLY,
        received(lines=(line(charge_cents=90_000, units_thousandths=2_000),)),
    )
    only(await on.hears(by(on, "r-17")), FirstApprovalGiven)
    given = on.last_id
    only(await on.hears(received("A2", **visit(3, 4_000))), SubmissionApproved)
    dearer = 18_000 - 6_000 - 1_500
    said: list[Message] = await on.hears(by(on, "r-19", sees_cents=dearer, answers=given))
    refused, opened = said
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.STALE_AMOUNT
    assert isinstance(opened, ReviewOpened) and opened.proposed_cents == dearer
    only(await on.hears(by(on, "r-19")), FirstApprovalGiven)
    only(await on.hears(by(on, "r-17")), SubmissionApproved)


async def test_a_new_version_is_approved_by_two_again(on: Line) -> None:
    await on.hears(BOTH, received(lines=DEAR))
    only(await on.hears(by(on, "r-17")), FirstApprovalGiven)
    only(await on.hears(correction(lines=DEAR)), ReviewOpened)
    command = by(on, "r-19").model_copy(update={"version": 2})
    only(await on.hears(command), FirstApprovalGiven)
