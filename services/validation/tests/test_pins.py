"""Whatever is decided later is decided by what stood when the request came in. A new version is pinned anew."""

from __future__ import annotations

from typing import Any

from test_statements import statements
from validation_stories import DEAR, Line, correction, only

from chassis import Context, testing
from throughline.decisions import CommandRefused, ReviewOpened, SubmissionApproved
from throughline.reasons import Reason
from validation.app import build_resources, service
from validation.settings import ValidationSettings
from validation.testing import contract, fees, payer, provider, received

HALVED = fees(("99213", 4_500), ("99214", 6_500), version=2)


async def test_a_reviewer_approves_at_the_pinned_price(on: Line) -> None:
    opened = only(await on.hears(received(lines=DEAR)), ReviewOpened)
    await on.hears(HALVED, payer(version=2, auto_approve_below_cents=0))
    refused = only(await on.reviewer("approve", answers=on.said[0].id, sees_cents=130_000), CommandRefused)
    assert refused.reason is Reason.STALE_AMOUNT
    approved = only(await on.reviewer("approve", answers=on.said[0].id), SubmissionApproved)
    assert approved.adjudication.paid_cents == opened.proposed_cents == 260_000
    assert (approved.reference_revision, approved.rule_set) == (opened.reference_revision, opened.rule_set)


async def test_a_process_that_forgot_reads_what_stood(on: Line, context: Context) -> None:
    await on.hears(received(), correction())
    await on.hears(HALVED, contract(version=2, copay_cents=500), provider(version=2), payer(version=2))
    settings: Any = ValidationSettings(database_url=context.settings.database_url)
    context.resources = await build_resources(settings, context.pool)
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.paid_cents) == (2, 9_000)


async def test_a_correction_that_waited_is_decided_by_what_stood_when_it_came_in(on: Line) -> None:
    await on.hears(received(), correction())
    await on.hears(HALVED)
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert (approved.version, approved.adjudication.paid_cents) == (2, 9_000)


async def test_a_new_version_is_pinned_anew(on: Line) -> None:
    await on.hears(received())
    await on.hears(HALVED)
    await on.hears(correction())
    approved = only(await on.stopped("correction"), SubmissionApproved)
    assert approved.adjudication.paid_cents == 4_500
    first = next(one.message for one in on.said if isinstance(one.message, SubmissionApproved))
    assert first.reference_revision is not None and approved.reference_revision is not None
    assert first.reference_revision < approved.reference_revision


async def test_a_slice_of_many_that_are_pinned_to_the_past_takes_two_reads_more(context: Context) -> None:
    """Here memory begins again in between, so that all of it is read from the history."""
    await testing.deliver(service, context, [payer(), provider(), contract(), fees()])
    numbers = [f"N{number}" for number in range(50)]
    await testing.deliver(service, context, [received(one, total_cents=1) for one in numbers])
    await testing.deliver(
        service, context, [payer(version=2), provider(version=2), contract(version=2), HALVED]
    )
    settings: Any = ValidationSettings(database_url=context.settings.database_url)
    context.resources = await build_resources(settings, context.pool)
    await statements(context, [received("other")])  # takes in the reference data
    corrections: list[Any] = [received(one, version=2, frequency="7", total_cents=1) for one in numbers]
    reads = [one for one in await statements(context, corrections) if one == "select"]
    before = 5  # the revision, locks, versions, bills, the past
    assert len(reads) == before + 2
