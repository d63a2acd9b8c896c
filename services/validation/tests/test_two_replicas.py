"""Two replicas at once on a real database: one owner of each bill, one order of versions, whoever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from chassis import Context, Say, testing
from chassis.database import is_transient
from chassis.decide import load_decide_store
from throughline.decisions import SubmissionApproved, SubmissionExcepted
from throughline.items import ItemStopped
from throughline.message import Message
from throughline.reasons import Reason
from throughline.reviews import DecideReview
from throughline.sensitive import Sensitive
from validation import past_repository, repository
from validation.app import service
from validation.repository import ClaimedByAnother
from validation.testing import contract, fees, line, member, payer, provider, received


class Replica:
    """One slice in a transaction of its own, which the test moves step by step."""

    def __init__(self, context: Context, topic: str, *messages: Message) -> None:
        self.context = context
        self.hearing: Any = service.hearing_of(topic)
        self.heard: list[Any] = [testing.heard(message, topic=topic) for message in messages]
        self.say = Say(context.topics)

    async def begin(self) -> None:
        self.db = await self.context.pool.acquire()
        self.transaction = self.db.transaction()
        await self.transaction.start()

    async def decide(self) -> list[Message]:
        await load_decide_store(self.db, self.hearing, self.heard, self.context, self.say)
        return [one.message for one in self.say.said]

    async def end(self, commit: bool = True) -> None:
        await (self.transaction.commit() if commit else self.transaction.rollback())
        await self.context.pool.release(self.db)


async def waits_for_a_lock(pool: asyncpg.Pool) -> None:
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    async with asyncio.timeout(10):
        while not await pool.fetchval(query):  # noqa: ASYNC110  PostgreSQL offers nothing to wait on
            await asyncio.sleep(0.005)


@pytest.fixture
async def recorded(context: Context) -> Context:
    await testing.deliver(service, context, [payer(), provider(), contract(), fees()])
    return context


async def test_two_replicas_race_for_one_bill_and_the_loser_becomes_a_duplicate(
    recorded: Context, pool: asyncpg.Pool
) -> None:
    lines = tuple(line(line_id=str(number), charge_cents=1_000 + number, code="99213") for number in range(1))
    first = Replica(recorded, "submissions", received(lines=lines))
    second = Replica(recorded, "submissions", received("A2", partner="clinic-two", lines=lines))
    await first.begin()
    await second.begin()
    assert [type(one) for one in await first.decide()] == [SubmissionApproved]
    racing = asyncio.create_task(second.decide())
    await waits_for_a_lock(pool)
    await first.end()
    with pytest.raises(ClaimedByAnother) as lost:
        await racing
    assert is_transient(lost.value), "the chassis must try the slice again, not park it"
    await second.end(commit=False)

    again = Replica(recorded, "submissions", received("A2", partner="clinic-two", lines=lines))
    await again.begin()
    said = await again.decide()
    await again.end()
    assert isinstance(said[0], SubmissionExcepted) and said[0].other_request_id == received().request_id


async def test_a_twin_approved_between_two_reads_of_a_slice_is_seen_as_the_same_bill(
    recorded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a slice reads first, of bills and of what they resemble: the other is approved right behind it."""
    between = [received()]

    def then_the_twin(read: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def reads(*asked: object) -> object:
            found = await read(*asked)
            if between:
                await testing.deliver(service, recorded, [between.pop()])
            return found

        return reads

    monkeypatch.setattr(repository, "lock_bill_keys", then_the_twin(repository.lock_bill_keys))
    monkeypatch.setattr(past_repository, "read_past", then_the_twin(past_repository.read_past))
    second = Replica(recorded, "submissions", received("A2", partner="clinic-two"))
    await second.begin()
    (said,) = await second.decide()
    await second.end()
    assert isinstance(said, SubmissionExcepted) and said.reason is Reason.DUPLICATE


async def test_the_winner_rolls_back_and_the_other_owns_the_bill(
    recorded: Context, pool: asyncpg.Pool
) -> None:
    first = Replica(recorded, "submissions", received())
    second = Replica(recorded, "submissions", received("A2"))
    await first.begin()
    await second.begin()
    await first.decide()
    racing = asyncio.create_task(second.decide())
    await waits_for_a_lock(pool)
    await first.end(commit=False)
    assert [type(one) for one in await racing] == [SubmissionApproved]
    await second.end()
    assert await pool.fetchval("select owner from bill_keys") == received("A2").request_id


async def test_two_replicas_race_with_nearly_the_same_bill_and_the_loser_sees_the_other(
    recorded: Context, pool: asyncpg.Pool
) -> None:
    """No bill key is common to both: a slip in the member id. The second to store waits, and is tried again."""
    mistyped = member(1, member_id=Sensitive(member(1).member_id.reveal() + "0"))
    first = Replica(recorded, "submissions", received(subject=member(1)))
    second = Replica(recorded, "submissions", received("A2", partner="clinic-two", subject=mistyped))
    await first.begin()
    await second.begin()
    assert [type(one) for one in await first.decide()] == [SubmissionApproved]
    racing = asyncio.create_task(second.decide())
    await waits_for_a_lock(pool)
    await first.end()
    with pytest.raises(ClaimedByAnother):
        await racing
    await second.end(commit=False)

    said = await until_done(recorded, [received("A2", partner="clinic-two", subject=mistyped)])
    excepted = said[0].message
    assert isinstance(excepted, SubmissionExcepted)
    assert (excepted.reason, excepted.other_request_id) == (Reason.DUPLICATE_NEAR, received().request_id)


async def test_two_who_share_a_birth_date_at_one_payee_do_not_hold_up_one_another(
    recorded: Context, pool: asyncpg.Pool
) -> None:
    """A key in common finds a candidate; only what resembles another bill makes the second slice try again."""
    first = Replica(recorded, "submissions", received(subject=member(1)))
    twin = member(2, birth_date=member(1).birth_date)
    second = Replica(recorded, "submissions", received("A2", subject=twin))
    await first.begin()
    await second.begin()
    assert [type(one) for one in await first.decide()] == [SubmissionApproved]
    racing = asyncio.create_task(second.decide())
    await waits_for_a_lock(pool)
    await first.end()
    assert [type(one) for one in await racing] == [SubmissionApproved]
    await second.end()
    assert await pool.fetchval("select count(*) from near_keys") == 2


async def test_a_stop_sees_the_correction_that_was_stored_while_it_waited_for_the_lock(
    recorded: Context, pool: asyncpg.Pool
) -> None:
    """The correction changes no row of the version being recalled; it only locks it, and adds its own."""
    said = await testing.deliver(service, recorded, [received()])
    recall = DecideReview(
        request_id=received().request_id,
        version=1,
        answers=said[0].id,
        decision="recall",
        note="n",
        actor="r",
    )
    await testing.deliver(service, recorded, [recall])
    correction = received(version=2, frequency="7", lines=(line(charge_cents=10_000),))
    stopped = ItemStopped(request_id=received().request_id, version=1, decision_id=said[0].id, cause="recall")
    first, second = Replica(recorded, "submissions", correction), Replica(recorded, "items", stopped)
    await first.begin()
    await second.begin()
    assert await first.decide() == []
    racing = asyncio.create_task(second.decide())
    await waits_for_a_lock(pool)
    await first.end()
    approved = (await racing)[0]
    assert isinstance(approved, SubmissionApproved) and approved.version == 2
    await second.end()


async def test_slices_in_opposite_order_leave_one_owner_of_each_bill(
    recorded: Context, pool: asyncpg.Pool
) -> None:
    people = [member(number) for number in range(20)]
    ones = [received(f"A{number}", subject=one) for number, one in enumerate(people)]
    twos = [received(f"B{number}", subject=one) for number, one in reversed(list(enumerate(people)))]
    said = await asyncio.gather(until_done(recorded, ones), until_done(recorded, twos))
    kinds = [type(one.message) for half in said for one in half]
    assert (kinds.count(SubmissionApproved), kinds.count(SubmissionExcepted)) == (20, 20)
    assert await pool.fetchval("select count(*) from bill_keys where owner is not null") == 20


async def until_done(context: Context, messages: list[Any]) -> list[testing.Said]:
    """As the chassis does: what time can cure is tried again."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await testing.deliver(service, context, messages)
            except asyncpg.PostgresError as error:
                assert is_transient(error)
