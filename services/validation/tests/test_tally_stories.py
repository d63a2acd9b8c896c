"""What is used up over many requests, on a real database: once for each version, given back, never too much."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from test_screening_stories import differences
from test_two_replicas import until_done
from validation_stories import WITHDRAWN, Line, correction, only, void

from chassis import Context, testing
from throughline.decisions import (
    ApprovalRevoked,
    CommandRefused,
    ReviewOpened,
    SubmissionApproved,
    SubmissionExcepted,
)
from throughline.items import ItemStopped
from throughline.reasons import Reason
from throughline.submissions import SubmissionWithdrawn
from validation.app import service
from validation.testing import SERVICE_DAY, authorisation, contract, fees, line, payer, provider, received


def therapy(units: int, charge_cents: int = 10_000, days: int = 0, **changes: Any) -> dict[str, Any]:
    """``days`` before the others, so that it is no near duplicate of them."""
    day = SERVICE_DAY - timedelta(days=days)
    one = line(
        code="97110",
        units_thousandths=units * 1000,
        charge_cents=charge_cents,
        from_date=day,
        to_date=day,
    )
    return {"lines": (one,), "authorisation_number": "AUTH1", **changes}


async def used(on: Line) -> list[int]:
    return [row["used"] for row in await on.context.pool.fetch("select used from tallies order by kind, key")]


async def test_units_are_used_once_and_given_back_by_what_is_stopped(on: Line) -> None:
    await on.hears(authorisation(version=2, units=10))
    only(await on.hears(received(**therapy(6))), SubmissionApproved)
    assert await used(on) == [6_000]
    short = only(await on.hears(received("A2", **therapy(5, 10_001))), SubmissionExcepted)
    assert short.reason is Reason.AUTHORISATION_UNITS
    assert "AUTH1 has 4 of 10 units left; 5 are billed" in short.findings[-1].message
    only(await on.hears(correction(**therapy(9, 10_002))), ApprovalRevoked)
    assert await used(on) == [6_000], "until payout has answered, what was approved may still be paid"
    only(await on.stopped("correction"), SubmissionApproved)
    assert await used(on) == [9_000], "moved by the difference"
    await on.hears(void(version=3))
    await on.stopped("void", version=2)
    assert await used(on) == [0]


async def test_a_recalled_and_a_withdrawn_approval_give_back_and_what_is_paid_does_not(on: Line) -> None:
    await on.hears(authorisation(version=2, units=10))
    await on.hears(received(**therapy(6)))
    await on.reviewer("recall")
    await on.stopped("recall")
    assert await used(on) == [0]
    only(await on.reviewer("approve", sees_cents=10_000), SubmissionApproved)
    assert await used(on) == [6_000]
    await on.hears(WITHDRAWN)
    await on.too_late("withdrawal")
    assert await used(on) == [6_000]


async def test_slices_at_once_never_use_more_units_than_there_are(context: Context) -> None:
    """Eight requests of three units each of twenty, by two replicas: six are approved, whoever comes first."""
    reference = [payer(), provider(), contract(), fees(), authorisation(units=20)]
    await testing.deliver(service, context, reference)
    halves = [
        [received(f"N{at}", **therapy(3, days=at)) for at in range(first, first + 4)] for first in (0, 4)
    ]
    said = await asyncio.gather(*[until_done(context, list(half)) for half in halves])
    kinds = [type(one.message) for half in said for one in half]
    assert (kinds.count(SubmissionApproved), kinds.count(SubmissionExcepted)) == (6, 2)
    assert await context.pool.fetchval("select used from tallies") == 18_000


def visit(days: int, charge_cents: int = 9_000) -> dict[str, Any]:
    day = SERVICE_DAY - timedelta(days=days)
    return {"lines": (line(charge_cents=charge_cents, from_date=day, to_date=day),)}


YEARLY = contract(version=2, deductible_cents=10_000, out_of_pocket_max_cents=12_000, copay_cents=1_500)


async def test_the_deductible_of_a_year_is_taken_once_and_moved_by_a_correction(on: Line) -> None:
    await on.hears(YEARLY)
    first = only(await on.hears(received(**visit(0))), SubmissionApproved)
    assert first.adjudication.patient_responsibility_cents == 9_000
    second = only(await on.hears(received("A2", **visit(3))), SubmissionApproved)
    told = {(one.group, one.carc): one.amount_cents for one in second.adjudication.lines[0].adjustments}
    assert told == {("PR", "1"): 1_000, ("PR", "3"): 1_500}
    third = only(await on.hears(received("A3", **visit(6))), SubmissionApproved)
    told = {(one.group, one.carc): one.amount_cents for one in third.adjudication.lines[0].adjustments}
    assert told == {("PR", "3"): 500}, "no more than the year's most"
    assert await used(on) == [10_000, 12_000]
    # The first was approved at zero, so its correction is decided at once: its deductible is moved by the difference.
    moved = only(await on.hears(correction(**visit(0, 4_000))), SubmissionApproved)
    assert moved.adjudication.patient_responsibility_cents == 4_000
    assert await used(on) == [5_000, 7_000]


async def test_a_review_whose_price_moved_is_shown_anew(on: Line) -> None:
    await on.hears(payer(version=2, auto_approve_below_cents=5_000), YEARLY)
    dear: dict[str, Any] = {"lines": (line(charge_cents=90_000, units_thousandths=2_000),)}
    seen = only(await on.hears(received(**dear)), ReviewOpened)
    assert seen.proposed_cents == 18_000 - 10_000 - 1_500
    only(await on.hears(received("A2", **visit(3, 4_000))), SubmissionApproved)
    refused, again = await on.reviewer("approve", answers=on.said[-2].id)
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.STALE_AMOUNT
    assert isinstance(again, ReviewOpened) and again.proposed_cents == 18_000 - 6_000 - 1_500
    assert again.reasons == seen.reasons
    only(await on.reviewer("approve"), SubmissionApproved)
    assert await used(on) == [10_000, 11_500]


async def test_slices_at_once_take_one_deductible(context: Context) -> None:
    """Two replicas, five visits each of one member: whoever comes first, the year's deductible is taken once."""
    await testing.deliver(service, context, [payer(), provider(), YEARLY, fees()])
    halves = [[received(f"N{at}", **visit(at)) for at in range(first, first + 5)] for first in (0, 5)]
    said = await asyncio.gather(*[until_done(context, list(half)) for half in halves])
    approved = [one.message for half in said for one in half]
    shares = [
        one.amount_cents
        for message in approved
        if isinstance(message, SubmissionApproved)
        for one in message.adjudication.lines[0].adjustments
        if (one.group, one.carc) == ("PR", "1")
    ]
    assert sum(shares) == 10_000 and len(approved) == 10
    assert sum(message.adjudication.patient_responsibility_cents for message in approved) == 12_000  # type: ignore[attr-defined]
    rows = await context.pool.fetch("select used from tallies order by kind")
    assert [row["used"] for row in rows] == [10_000, 12_000]


async def test_a_recall_leaves_what_the_approval_had_read(on: Line, context: Context) -> None:
    """The deductible was used up by another, which is given back before this one is recalled."""
    await on.hears(contract(version=2, deductible_cents=5_000))
    other = received("A2", **therapy(2))
    only(await on.hears(other), SubmissionApproved)
    decision = on.last_id
    approved = only(await on.hears(received()), SubmissionApproved)
    assert approved.adjudication.paid_cents == 9_000
    asked = on.last_id
    await on.hears(SubmissionWithdrawn(request_id=other.request_id, version=1, partner="clinic-one"))
    await on.hears(
        ItemStopped(request_id=other.request_id, version=1, decision_id=decision, cause="withdrawal")
    )
    only(await on.reviewer("recall", answers=asked), ApprovalRevoked)
    assert await differences(on, context) == []
