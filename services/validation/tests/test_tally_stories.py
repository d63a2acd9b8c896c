"""What is used up over many requests, on a real database: once for each version, given back, never too much."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from test_two_replicas import until_done
from validation_stories import WITHDRAWN, Line, correction, only, void

from chassis import Context, testing
from throughline.decisions import ApprovalRevoked, SubmissionApproved, SubmissionExcepted
from throughline.reasons import Reason
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
