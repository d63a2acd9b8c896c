"""What validation says to whom in which order, on a real database: one test, one story."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest
from validation_stories import DEAR, REVIEWER, Line, only

from chassis import Context, testing
from throughline.decisions import (
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionDenied,
    SubmissionExcepted,
)
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from validation.app import service
from validation.testing import contract, fees, line, member, payer, received


async def test_a_good_request_is_approved_with_its_price(on: Line) -> None:
    approved = only(await on.hears(received()), SubmissionApproved)
    assert (approved.adjudication.paid_cents, approved.adjudication.charge_cents) == (9_000, 12_000)
    assert approved.decided_by.kind == "system"
    assert len(approved.rule_set) == 64
    assert on.said[-1].topic == "decisions" and on.said[-1].key == str(approved.request_id).encode()
    assert await on.bill_owners(received()) == [received().request_id]


async def test_a_broken_rule_stops_it_and_claims_no_bill(on: Line) -> None:
    excepted = only(await on.hears(received(total_cents=1)), SubmissionExcepted)
    assert (excepted.reason, excepted.findings[0].rule) == (Reason.TOTAL_MISMATCH, "total-is-sum-of-lines")
    assert await on.bill_owners(received()) == []


async def test_late_filing_is_denied_with_its_adjustment_code(on: Line) -> None:
    await on.hears(contract(version=2, timely_filing_days=5))
    denied = only(await on.hears(received()), SubmissionDenied)
    assert denied.reason is Reason.TIMELY_FILING
    assert [(one.group, one.carc, one.amount_cents) for one in denied.adjudication.lines[0].adjustments] == [
        ("CO", "29", 12_000)
    ]


async def test_a_missing_authorisation_is_denied_as_such(on: Line) -> None:
    denied = only(await on.hears(received(lines=(line(code="97110"),))), SubmissionDenied)
    assert (denied.reason, denied.adjudication.lines[0].adjustments[0].carc) == (
        Reason.AUTHORISATION_MISSING,
        "197",
    )


async def test_two_channels_one_bill(on: Line) -> None:
    first, second = received(), received(partner="clinic-two")
    await on.hears(first)
    excepted = only(await on.hears(second), SubmissionExcepted)
    assert (excepted.reason, excepted.other_request_id) == (Reason.DUPLICATE, first.request_id)


async def test_the_same_bill_twice_in_one_slice(on: Line) -> None:
    said = await on.hears(received(), received(partner="clinic-two"), received("A2"))
    assert [type(one) for one in said] == [SubmissionApproved, SubmissionExcepted, SubmissionExcepted]


async def test_no_price_is_reviewed_and_cannot_be_approved_until_it_is_sent_again_with_one(on: Line) -> None:
    opened = only(await on.hears(received(lines=(line(code="99499"),))), ReviewOpened)
    assert (opened.reasons, opened.proposed_cents) == ((Reason.NO_PRICE,), None)
    review = on.last_id
    refused = only(await on.reviewer("approve", answers=review), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW
    await on.hears(fees(("99499", 5_000), version=2))
    only(await on.reviewer("approve", answers=review, sees_cents=5_000), CommandRefused)
    again = received(version=2, frequency="7", lines=(line(code="99499"),))
    approved = only(await on.hears(again), SubmissionApproved)  # pinned to what stands now
    assert approved.adjudication.paid_cents == 5_000


async def test_above_the_tier_a_person_decides(on: Line) -> None:
    opened = only(await on.hears(received(lines=DEAR)), ReviewOpened)
    assert (opened.reasons, opened.proposed_cents) == ((Reason.ABOVE_TIER,), 260_000)
    approved = only(await on.reviewer("approve"), SubmissionApproved)
    assert approved.adjudication.paid_cents == 260_000
    assert (approved.decided_by.actor, approved.decided_by.note) == (REVIEWER.name, "seen")


async def test_a_bill_under_review_is_held_against_others(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    assert only(await on.hears(received("A2", lines=DEAR)), SubmissionExcepted).reason is Reason.DUPLICATE


async def test_two_released_reviews_of_one_bill_cannot_both_be_approved(on: Line) -> None:
    await on.hears(received("A2", total_cents=1))
    stopped = on.last_id
    await on.hears(received(total_cents=1))
    await on.reviewer("release")
    review = on.last_id
    release = DecideReview(
        request_id=received("A2").request_id,
        version=1,
        answers=stopped,
        decision="release",
        overrides=on.checks,
        note="seen",
        actor="r-17",
    )
    await on.hears(release)
    other_review = on.last_id
    only(await on.reviewer("approve", answers=review), SubmissionApproved)
    command = DecideReview(
        request_id=received("A2").request_id,
        version=1,
        answers=other_review,
        decision="approve",
        note="seen",
        amount_cents=9_000,
        actor="r-17",
    )
    assert only(await on.hears(command), SubmissionExcepted).reason is Reason.DUPLICATE


async def test_a_review_is_denied(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    denied = only(await on.reviewer("deny"), SubmissionDenied)
    assert (denied.reason, denied.decided_by.kind) == (Reason.DENIED_BY_REVIEWER, "person")
    assert denied.adjudication.lines[0].adjustments[0].carc == "96"


async def test_a_review_is_returned_for_edits_and_released_again(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    returned = only(await on.reviewer("return_for_edits"), SubmissionExcepted)
    assert (returned.reason, returned.note) == (Reason.RETURNED_FOR_EDITS, "seen")
    opened = only(await on.reviewer("release"), ReviewOpened)
    assert opened.reasons == (Reason.RELEASED_BY_REVIEWER,)


async def test_a_released_duplicate_is_paid_beside_the_other(on: Line) -> None:
    await on.hears(received("A0"))
    await on.hears(received())
    opened = only(await on.reviewer("release"), ReviewOpened)
    assert [one.reason for one in opened.findings] == [Reason.DUPLICATE]
    approved = only(await on.reviewer("approve"), SubmissionApproved)
    assert [one.reason for one in approved.findings] == [Reason.DUPLICATE]
    assert await on.bill_owners(received()) == [received("A0").request_id]


async def test_a_denied_duplicate_carries_code_18(on: Line) -> None:
    await on.hears(received("A0"))
    await on.hears(received())
    assert only(await on.reviewer("deny"), SubmissionDenied).adjudication.lines[0].adjustments[0].carc == "18"


async def test_an_answer_to_something_older_is_stale(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    review = on.last_id
    await on.reviewer("return_for_edits")
    assert only(await on.reviewer("approve", answers=review), CommandRefused).reason is Reason.STALE_ANSWER


async def test_a_command_about_nothing_known_is_refused(on: Line) -> None:
    refused = only(await on.reviewer("approve", answers=uuid4()), CommandRefused)
    assert (refused.reason, on.said[-1].topic) == (Reason.UNKNOWN_SUBJECT, "decisions")


@pytest.mark.parametrize("decision", ["approve", "deny", "return_for_edits", "release"])
async def test_an_approved_version_is_only_recalled(on: Line, decision: str) -> None:
    await on.hears(received())
    assert only(await on.reviewer(decision), CommandRefused).reason is Reason.NOT_ALLOWED_NOW


async def test_two_reviewers_in_one_slice_the_first_counts(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    commands = [
        DecideReview(
            request_id=received().request_id,
            version=1,
            answers=on.last_id,
            decision=decision,
            note="n",
            actor="r",
        )
        for decision in ("deny", "approve")
    ]
    said = await on.hears(*commands)
    assert [type(one) for one in said] == [SubmissionDenied, CommandRefused]


async def test_reference_data_of_a_lower_version_is_ignored(on: Line) -> None:
    await on.hears(payer(version=3, auto_approve_below_cents=1), payer(version=2), payer(version=3))
    assert only(await on.hears(received()), ReviewOpened).reasons == (Reason.ABOVE_TIER,)


async def test_another_process_sees_new_reference_data_at_once(on: Line, context: Context) -> None:
    from validation.app import build_resources

    await on.hears(received("A0"))
    resources = await build_resources(context.settings, context.pool)
    other = Line(testing.context_for(service, context.pool, settings=context.settings, resources=resources))
    await other.hears(payer(version=2, auto_approve_below_cents=1))
    assert only(
        await on.hears(received(subject=member(1), lines=(line(charge_cents=100),))), ReviewOpened
    ).reasons == (Reason.ABOVE_TIER,)


async def test_the_rule_set_is_kept_with_the_decision(on: Line, pool: asyncpg.Pool) -> None:
    approved = only(await on.hears(received()), SubmissionApproved)
    assert (await pool.fetchval("select rule_set from versions")).hex() == approved.rule_set
