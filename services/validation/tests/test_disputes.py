"""A denial or a reduction is disputed once, in time, by whose payee it is, and decided by who did not decide it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from test_screening_stories import differences
from validation_stories import DEAR, REVIEWER, WITHDRAWN, Line, correction, only, void

from chassis import testing
from chassis.testing_people import Actor, an, called, know, signed_by
from throughline.decisions import (
    CommandRefused,
    DisputeDecided,
    DisputeOpened,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
)
from throughline.message import Message
from throughline.people import OrganisationRecorded
from throughline.reasons import Reason
from throughline.reviews import DecideReview, DisputeDecision
from throughline.sensitive import SensitiveText
from validation.adjudication import denied as all_denied
from validation.disputes import appeal_until
from validation.testing import PAYEE_ID, contract, line, payer, received

PROVIDER = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="provider", payees=(PAYEE_ID,))
STRANGERS = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="provider", payees=(uuid4(),))
NORA, STRANGER = an("provider_admin", PROVIDER), an("provider_admin", STRANGERS)
OTHER = called("r-19", "reviewer")
DECIDED = datetime(2026, 1, 5, 15, tzinfo=UTC)
"""The day of every record of these tests."""
LATE: dict[str, Any] = {"received_on": date(2026, 12, 20)}
"""Filed too late for a contract of thirty days: denied by rules."""
THIRTY_DAYS = contract(version=2, timely_filing_days=30)


@pytest.fixture(autouse=True)
async def people(pool: asyncpg.Pool) -> None:
    await know(pool, PROVIDER, STRANGERS, NORA, STRANGER)


async def disputed(
    on: Line, by: Actor = NORA, *, days: int = 0, version: int = 1, answers: UUID | None = None
) -> list[Message]:
    command = DisputeDecision(
        request_id=received().request_id,
        version=version,
        payee_id=PAYEE_ID,
        answers=answers or on.last_id,
        text=SensitiveText("It was authorised by telephone."),
        actor=by.name,
    )
    at = int((DECIDED + timedelta(days=days)).timestamp() * 1000)
    heard = testing.heard(command, str(command.request_id), topic="reviews", timestamp_ms=at)
    return await on.hears(signed_by(by, heard))


async def answered(on: Line, decision: str, by: Actor = OTHER, answers: UUID | None = None) -> list[Message]:
    opened = [one.id for one in on.said if isinstance(one.message, DisputeOpened)]
    command = DecideReview(
        request_id=received().request_id,
        version=1,
        answers=answers or opened[-1],
        decision=decision,  # type: ignore[arg-type]
        note="heard both",
        actor=by.name,
    )
    return await on.hears(signed_by(by, testing.heard(command, str(command.request_id), topic="reviews")))


async def denied(on: Line) -> SubmissionDenied:
    """By a reviewer."""
    await on.hears(received(lines=DEAR))
    said: SubmissionDenied = only(await on.reviewer("deny"), SubmissionDenied)
    return said


def refusal(said: list[Message]) -> Reason:
    refused: CommandRefused = only(said, CommandRefused)
    return refused.reason


async def test_a_denial_is_disputed_and_upheld_by_another(on: Line) -> None:
    assert (await denied(on)).appeal_until == DECIDED.date() + timedelta(days=365)
    denial = on.last_id
    opened = only(await disputed(on), DisputeOpened)
    assert (opened.disputes, opened.disputed_by, opened.paid_cents) == (denial, NORA.person_id, 0)
    assert refusal(await answered(on, "uphold", REVIEWER)) is Reason.SAME_PERSON
    upheld = only(await answered(on, "uphold"), DisputeDecided)
    assert (upheld.outcome, upheld.decided_by.actor) == ("upheld", OTHER.name)
    assert await on.states() == {1: "denied"}
    assert refusal(await disputed(on, answers=denial)) is Reason.ALREADY_DISPUTED
    assert refusal(await answered(on, "change")) is Reason.NOT_ALLOWED_NOW


async def test_what_rules_denied_and_a_dispute_changed_is_decided_by_a_person(on: Line) -> None:
    only(await on.hears(THIRTY_DAYS, received(**LATE)), SubmissionDenied)
    only(await disputed(on), DisputeOpened)
    assert only(await answered(on, "change"), DisputeDecided).outcome == "changed"
    opened = only(await on.hears(correction(lines=received().request.lines, **LATE)), ReviewOpened)
    assert opened.reasons == (Reason.DISPUTED,)
    assert [one.reason for one in opened.findings] == [Reason.TIMELY_FILING], (
        "it still stands there to be seen"
    )
    only(await on.reviewer("approve", version=2), SubmissionApproved)
    assert await differences(on, on.context) == []


async def test_what_was_upheld_denies_the_next_version_too(on: Line) -> None:
    await on.hears(THIRTY_DAYS, received(**LATE))
    await disputed(on)
    await answered(on, "uphold")
    only(await on.hears(correction(**LATE)), SubmissionDenied)


async def test_only_what_had_denied_it_is_set_aside(on: Line) -> None:
    """A new version with something else wrong is stopped for that."""
    await on.hears(THIRTY_DAYS, received(**LATE))
    await disputed(on)
    await answered(on, "change")
    (said,) = await on.hears(correction(total_cents=1, **LATE))
    assert getattr(said, "reason", None) is Reason.TOTAL_MISMATCH


async def test_a_reduction_is_disputed_and_its_correction_moves_the_difference(on: Line) -> None:
    approved = only(await on.hears(received(lines=(line(charge_cents=12_000),))), SubmissionApproved)
    assert approved.adjudication.paid_cents == 9_000 and approved.appeal_until is not None
    only(await disputed(on), DisputeOpened)
    only(await answered(on, "change"), DisputeDecided)
    assert await on.states() == {1: "approved"}, "it is paid as it was decided until a correction comes"
    await on.hears(correction())
    only(await on.stopped("correction"), SubmissionApproved)


async def test_neither_of_two_approvers_decides_the_dispute(on: Line) -> None:
    await on.hears(payer(version=2, two_approvers_from_cents=1), received(lines=DEAR))
    await on.reviewer("approve")
    second = DecideReview(
        request_id=received().request_id,
        version=1,
        answers=on.last_id,
        decision="approve",
        note="seen",
        amount_cents=on.proposed_cents,
        actor="r-19",
    )
    only(await on.hears(second), SubmissionApproved)
    await disputed(on)
    for one in (REVIEWER, OTHER):
        assert refusal(await answered(on, "uphold", one)) is Reason.SAME_PERSON
    only(await answered(on, "uphold", called("r-20", "reviewer")), DisputeDecided)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param({"by": STRANGER}, Reason.PAYEE_NOT_YOURS, id="by another payee's organisation"),
        pytest.param({"by": REVIEWER}, Reason.ROLE_MISSING, id="by the staff"),
        pytest.param({"answers": uuid4()}, Reason.STALE_ANSWER, id="another decision"),
        pytest.param({"version": 2}, Reason.UNKNOWN_SUBJECT, id="another version"),
        pytest.param({"days": 366}, Reason.APPEAL_DATE_PASSED, id="a day too late"),
    ],
)
async def test_what_nobody_may_dispute_is_refused(on: Line, how: dict[str, Any], reason: Reason) -> None:
    await denied(on)
    denial = on.last_id
    assert refusal(await disputed(on, **how)) is reason
    only(await disputed(on, answers=denial, days=365), DisputeOpened)


async def test_what_is_paid_in_full_or_still_open_is_not_disputed(on: Line) -> None:
    await on.hears(received(lines=(line(charge_cents=9_000),)))
    assert refusal(await disputed(on)) is Reason.NOTHING_TO_DISPUTE
    only(await on.hears(received("A2", lines=DEAR)), ReviewOpened)


async def test_a_later_version_ends_the_dispute(on: Line) -> None:
    await denied(on)
    denial = on.last_id
    opened = only(await disputed(on), DisputeOpened)
    dispute = on.last_id
    ended, _ = await on.hears(correction())
    assert isinstance(ended, DisputeDecided) and isinstance(opened, DisputeOpened)
    assert (ended.version, ended.answers, ended.outcome, ended.decided_by.kind) == (
        1,
        dispute,
        "ended",
        "system",
    )
    assert refusal(await answered(on, "change", answers=dispute)) is Reason.NOT_ALLOWED_NOW
    assert refusal(await disputed(on, answers=denial)) is Reason.STALE_ANSWER


@pytest.mark.parametrize("how", ["recall", "withdrawal"])
async def test_what_payout_stopped_is_disputed_no_more(on: Line, how: str) -> None:
    """Of what is recalled the next decision can be disputed anew."""
    await on.hears(received(lines=(line(charge_cents=12_000),)))
    approval = on.last_id
    await disputed(on)
    await (on.reviewer("recall", answers=approval) if how == "recall" else on.hears(WITHDRAWN))
    ended, *then = await on.stopped(how)
    assert isinstance(ended, DisputeDecided) and ended.outcome == "ended"
    assert await on.states() == {1: "review" if how == "recall" else "ended"}
    if how == "recall":
        only(then, ReviewOpened)
        only(await on.reviewer("approve"), SubmissionApproved)
        only(await disputed(on), DisputeOpened)


async def test_a_dispute_outlasts_a_stop_that_came_too_late(on: Line) -> None:
    await on.hears(received(lines=(line(charge_cents=12_000),)))
    await disputed(on)
    await on.hears(WITHDRAWN)
    assert await on.too_late("withdrawal") == []
    only(await answered(on, "uphold"), DisputeDecided)


@pytest.mark.parametrize(("days", "until"), [(None, 365), (0, 0), (30, 30)])
def test_the_last_day_counts_from_the_day_of_the_decision(days: int | None, until: int) -> None:
    said = all_denied(received(), "96")
    of = payer(appeal_days=days)
    assert appeal_until(said, of, DECIDED) == DECIDED.date() + timedelta(days=until)
    assert appeal_until(said, None, DECIDED) == DECIDED.date() + timedelta(days=365)


async def test_a_void_that_was_denied_is_not_disputed(on: Line) -> None:
    """It bills nothing, and no version comes behind it that could be decided anew."""
    await denied(on)
    ended = only(await on.hears(void()), SubmissionDenied)
    assert (ended.reason, ended.appeal_until) == (Reason.ALREADY_ENDED, None)
    assert refusal(await disputed(on, version=2)) is Reason.NOTHING_TO_DISPUTE
