"""Coverage on a real database: as it stood when a request came in, asked for in one statement, and only where asked."""

from __future__ import annotations

from datetime import date
from typing import Any

from test_statements import new, statements
from validation_stories import DEAR, Line, only

from chassis import Context
from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.members import Span
from throughline.reasons import Reason
from throughline.reference import PayerRecorded
from validation.testing import insured, payer, received

CHECKS = payer(version=2, coverage_checked=True)


def until(day: date, version: int = 2) -> Any:
    return insured(version=version, coverage=(Span(from_date=date(2020, 1, 1), to_date=day),))


async def test_an_unknown_member_is_an_exception_and_a_known_one_is_paid(on: Line) -> None:
    await on.hears(CHECKS)
    assert only(await on.hears(received()), SubmissionExcepted).reason is Reason.MEMBER_UNKNOWN
    await on.hears(insured())
    only(await on.hears(received("A2")), SubmissionApproved)


async def test_a_lower_version_of_a_member_changes_nothing(on: Line, context: Context) -> None:
    await on.hears(CHECKS, insured(version=3), until(date(2026, 1, 1), version=2), insured(version=3))
    only(await on.hears(received()), SubmissionApproved)
    assert await context.pool.fetchval("select count(*) from members") == 1


async def test_the_newest_of_a_slice_counts_and_no_member_id_is_kept(on: Line, context: Context) -> None:
    await on.hears(CHECKS, insured(), until(date(2026, 11, 1)))
    excepted = only(await on.hears(received()), SubmissionExcepted)
    assert excepted.reason is Reason.NOT_COVERED
    for row in await context.pool.fetch("select member::text, body from members"):
        assert b"M100" not in row["body"] and "M100" not in row["member"]


async def test_many_members_are_asked_for_in_one_statement(on: Line, context: Context) -> None:
    payers: list[PayerRecorded] = [CHECKS]
    await on.hears(*payers)
    await statements(context, new(10_000, 1))  # takes in the reference data
    reads = [one for one in await statements(context, new(0, 200)) if one == "select"]
    assert len(reads) == 4 + 1


async def test_replay_and_explanation_ask_for_coverage_as_it_stood(on: Line, context: Context) -> None:
    from validation.replay import replay
    from validation.stored_requests import read_pinned_requests

    await on.hears(CHECKS, insured())
    only(await on.hears(received(lines=DEAR)), ReviewOpened)
    await on.hears(until(date(2026, 1, 1)))
    async with context.pool.acquire() as db:
        requests = await read_pinned_requests(db, context.resources, [received().request_id])
    (version,) = requests[0]
    assert version.terms is not None and version.terms.coverage is not None
    assert version.terms.coverage.coverage[0].to_date is None
    page = replay(requests, date(2026, 1, 1), date(2026, 12, 31), context.resources.catalogue)
    assert (page.compared, page.differences) == (1, [])
