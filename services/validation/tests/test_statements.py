"""A slice costs the same few statements, whatever it holds: no query per message."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import Context, Say, testing
from chassis.decide import load_decide_store
from throughline.message import Message
from throughline.submissions import SubmissionWithdrawn
from validation.app import service
from validation.testing import contract, fees, line, member, payer, provider, received


async def statements(context: Context, messages: list[Message]) -> list[str]:
    """What the work itself runs in one slice: without begin, position, outbox and commit."""
    seen: list[str] = []
    heard: list[Any] = [testing.heard(message, topic="submissions") for message in messages]
    hearing: Any = service.hearing_of("submissions")
    async with context.pool.acquire() as db, db.transaction():
        with db.query_logger(lambda record: seen.append(record.query.split()[0])):
            await load_decide_store(db, hearing, heard, context, Say(context.topics))
    return seen


def new(first: int, count: int) -> list[Message]:
    return [
        received(f"N{number}", subject=member(number), lines=(line(charge_cents=1_000 + number),))
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize("count", [1, 300])
async def test_new_requests_take_four_reads_and_four_writes(context: Context, count: int) -> None:
    await testing.deliver(service, context, [payer(), provider(), contract(), fees()])
    await statements(context, new(10_000, 1))  # takes in the reference data
    said = await statements(context, new(0, count))
    assert said == ["select"] * 4 + ["insert", "insert", "update", "insert"]


@pytest.mark.parametrize("count", [1, 300])
async def test_changes_of_known_requests_take_one_read_more(context: Context, count: int) -> None:
    await testing.deliver(
        service, context, [payer(auto_approve_below_cents=0), provider(), contract(), fees()]
    )
    await statements(context, new(0, count))
    withdrawn: list[Message] = [
        SubmissionWithdrawn(request_id=received(f"N{number}").request_id, version=1, partner="clinic-one")
        for number in range(count)
    ]
    said = await statements(context, withdrawn)
    assert said == ["select", "select", "select", "select", "update", "update"]
