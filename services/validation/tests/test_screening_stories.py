"""Exclusion lists on a real database: in force once whole, asked as of now, and named on each decision."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from test_statements import new, statements
from validation_stories import DEAR, Line, only

from chassis import Context
from throughline.decisions import CommandRefused, ReviewOpened, SubmissionApproved, SubmissionExcepted
from throughline.exclusions import Exclusion, name_hashes
from throughline.reasons import Reason
from validation.replay import replay
from validation.repository import refresh_reference
from validation.stored_requests import read_pinned_requests
from validation.testing import NPI, excluded, received

BY_NUMBER = Exclusion(npi=NPI, excluded_on=date(2026, 1, 1))
BY_NAME = Exclusion(names=name_hashes("clinic one"))
SOMEBODY = Exclusion(npi="1558598797")


async def differences(on: Line, context: Context) -> list[Any]:
    async with context.pool.acquire() as db:
        requests = await read_pinned_requests(db, context.resources, [received().request_id])
    page = replay(requests, date(2026, 1, 1), date(2026, 12, 31), context.resources.catalogue)
    assert page.compared >= 1
    return list(page.differences)


async def test_a_list_counts_once_all_its_parts_came(on: Line, context: Context) -> None:
    await on.hears(excluded(SOMEBODY, part=2, parts=2))
    assert only(await on.hears(received()), SubmissionApproved).screened is None
    await on.hears(excluded(BY_NUMBER, part=1, parts=2), excluded(BY_NUMBER, part=1, parts=2))
    stopped = only(await on.hears(received("A2")), SubmissionExcepted)
    assert stopped.reason is Reason.EXCLUDED and stopped.screened is not None
    assert [(one.list_id, one.dated_on) for one in stopped.screened] == [("oig-leie", date(2025, 12, 10))]
    assert await differences(on, context) == []


async def test_a_newer_list_takes_the_place_of_an_older_one_and_not_the_other_way(
    on: Line, context: Context
) -> None:
    await on.hears(excluded(BY_NUMBER, version=2))
    await on.hears(excluded(SOMEBODY, version=1), excluded(SOMEBODY, version=2, sha256="cd" * 32))
    assert only(await on.hears(received()), SubmissionExcepted).reason is Reason.EXCLUDED
    refused = only(await on.reviewer("release"), CommandRefused)
    assert refused.reason is Reason.NOT_ALLOWED_NOW
    await on.hears(excluded(SOMEBODY, version=3))
    only(await on.reviewer("release", answers=on.said[0].id), ReviewOpened)
    approved = only(await on.reviewer("approve"), SubmissionApproved)
    assert approved.screened is not None
    assert await differences(on, context) == []
    assert await context.pool.fetchval("select count(*) from exclusion_parts where version < 3") == 0


async def test_a_list_of_a_day_to_come_keeps_no_true_list_out(on: Line) -> None:
    with pytest.raises(ValueError, match="2062-01-10"):
        await on.hears(excluded(SOMEBODY, version=2062011000, dated_on=date(2062, 1, 10)))
    await on.hears(excluded(BY_NUMBER))
    assert only(await on.hears(received()), SubmissionExcepted).reason is Reason.EXCLUDED


async def test_a_name_asks_a_person_once(on: Line, context: Context) -> None:
    await on.hears(excluded(BY_NAME))
    opened = only(await on.hears(received()), ReviewOpened)
    assert opened.reasons == (Reason.EXCLUSION_NAME,)
    only(await on.reviewer("approve"), SubmissionApproved)
    assert await differences(on, context) == []


async def test_who_came_on_a_list_while_a_review_waited_is_not_approved(on: Line) -> None:
    await on.hears(received(lines=DEAR))
    await on.hears(excluded(BY_NAME))
    opened = only(await on.reviewer("approve", answers=on.said[0].id), ReviewOpened)
    assert opened.reasons == (Reason.EXCLUSION_NAME,)
    await on.hears(excluded(BY_NUMBER, version=2))
    assert only(await on.reviewer("approve"), SubmissionExcepted).reason is Reason.EXCLUDED


async def test_screening_reads_nothing_for_a_message(on: Line, context: Context) -> None:
    await on.hears(excluded(SOMEBODY))
    await statements(context, new(10_000, 1))  # takes in the list
    assert (await statements(context, new(0, 200))).count("select") == 4


class Slow:
    """A connection whose answers about lists arrive when the test lets them."""

    def __init__(self, db: Any) -> None:
        self.db, self.asked, self.let_go = db, asyncio.Event(), asyncio.Event()

    async def fetchval(self, *asked: Any) -> Any:
        return await self.db.fetchval(*asked)

    async def fetch(self, *asked: Any) -> Any:
        rows = await self.db.fetch(*asked)
        if "exclusion_lists" in asked[0] and not self.asked.is_set():
            self.asked.set()
            await self.let_go.wait()
        return rows


async def test_who_reads_a_list_slowly_takes_no_newer_one_out_of_force(on: Line, context: Context) -> None:
    """Slices of one process share its memory: one that began before a list came ends after one that knows it."""
    await on.hears(excluded(SOMEBODY))
    async with context.pool.acquire() as one:
        slow = Slow(one)
        begun = asyncio.create_task(refresh_reference(slow, context.resources.reference))
        await slow.asked.wait()
        await on.hears(excluded(BY_NUMBER, list_id="state"))
        assert only(await on.hears(received()), SubmissionExcepted).reason is Reason.EXCLUDED
        slow.let_go.set()
        await begun
    assert only(await on.hears(received("A2")), SubmissionExcepted).reason is Reason.EXCLUDED


async def test_a_list_that_may_be_cut_off_is_refused_and_the_one_in_force_stays(
    on: Line, context: Context
) -> None:
    """Whoever says why it shrinks is believed; what was refused is not whole by a part that comes later."""
    held = [Exclusion(npi=str(1_000_000_000 + one)) for one in range(9)]
    await on.hears(excluded(BY_NUMBER, *held))
    cut = {"version": 2, "shrinks_because": None, "parts": 2}
    assert await on.hears(excluded(*held[:4], **cut)) == []
    refused = only(await on.hears(excluded(*held[4:8], part=2, **cut)), CommandRefused)
    assert (refused.reason, refused.command_type) == (
        Reason.EXCLUSION_LIST_SHRANK,
        "throughline.ExclusionListRecorded",
    )
    assert "oig-leie" in (refused.detail or "") and "version 1 with 10 entries" in (refused.detail or "")
    assert await context.pool.fetchval("select count(*) from exclusion_parts where version > 1") == 0
    assert only(await on.hears(received()), SubmissionExcepted).reason is Reason.EXCLUDED
    assert await on.hears(excluded(*held, version=3, shrinks_because=None)) == []
    only(await on.hears(received("A2")), SubmissionApproved)
    only(await on.hears(excluded(version=4, shrinks_because=None)), CommandRefused)
    assert await on.hears(excluded(BY_NUMBER, version=5, shrinks_because="A new list begins.")) == []
    only(await on.hears(received("A3")), SubmissionExcepted)
