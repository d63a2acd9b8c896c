"""A settled entry is taken back by one of ours, once and in time; it counts when it can no longer come back itself."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from payout.finish_reversals import finish_reversals
from payout.nacha import BatchHeader, EntryDetail, Frame, read_records
from payout.overdue_reversals import page_overdue_reversals
from payout.resolve_file import NotResolved, resolve_file
from payout.reversals import final_before, refuse_reversal
from payout.signed_by_two import Resolvers
from payout.testing import statement
from sandbox_bank.bank import Bank
from sandbox_bank.settings import Settings
from throughline.accounts import AccountHeld
from throughline.items import ItemHeld, ItemStopped
from throughline.orders import ReissuePayment, ReversalCause, ReversePayment
from throughline.payments import (
    BatchClosed,
    BatchRefused,
    PaymentReissued,
    PaymentReversed,
    PaymentSent,
    ReversalFailed,
    ReversalOrdered,
    ReversalScheduled,
)
from throughline.reasons import Reason

TWO = Resolvers(("ann", "bea"))

if TYPE_CHECKING:
    from conftest import Approved, House

CENTS = 10_000
NPIS = ("1234567893", "1558598797")
DAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("state", "failure", "has_one", "last_day", "effective", "refusal"),
    [
        ("settled", None, False, DAY, DAY, None),
        ("settled", "refused", True, DAY, DAY, None),  # the bank never took the first one
        ("settled", "not_encodable", True, DAY, DAY, None),  # nothing left: mended, it can be ordered again
        ("settled", "window_missed", True, DAY, DAY, None),
        ("settled", "payment_returned", True, DAY, DAY, Reason.ALREADY_REVERSED),
        (None, None, False, None, DAY, Reason.UNKNOWN_SUBJECT),
        ("settled", None, True, DAY, DAY, Reason.ALREADY_REVERSED),
        ("settled", "returned", True, DAY, DAY, Reason.ALREADY_REVERSED),
        ("reversed", None, True, DAY, DAY, Reason.ALREADY_REVERSED),
        ("returned", None, False, DAY, DAY, Reason.ALREADY_ENDED),
        ("refused", None, False, None, DAY, Reason.ALREADY_ENDED),
        ("sent", None, False, None, DAY, Reason.NOT_ALLOWED_NOW),
        ("settled", None, False, DAY, date(2026, 12, 2), Reason.REVERSAL_WINDOW),
        ("settled", None, False, DAY, None, Reason.REVERSAL_WINDOW),
    ],
)
def test_what_may_be_reversed(
    state: str | None,
    failure: str | None,
    has_one: bool,
    last_day: date | None,
    effective: date | None,
    refusal: Reason | None,
) -> None:
    assert refuse_reversal(state, failure, has_one, last_day, effective) is refusal


@pytest.mark.parametrize(
    ("settled", "is_consumer", "last_open"),
    [
        (date(2026, 11, 27), False, date(2026, 12, 1)),
        (date(2026, 11, 27), True, date(2027, 1, 27)),  # the sixtieth day is 26 January
        (date(2026, 11, 24), True, date(2027, 1, 25)),  # the sixtieth is a Saturday
    ],
)
def test_a_reversal_is_final_when_it_can_no_longer_come_back(
    settled: date, is_consumer: bool, last_open: date
) -> None:
    assert settled >= final_before(last_open, is_consumer=is_consumer)
    assert settled < final_before(last_open + timedelta(days=1), is_consumer=is_consumer)


class Town:
    """Payout and the sandbox bank on one clock, with one payment that settled on Tuesday 24 November."""

    def __init__(self, house: House, base: Path) -> None:
        self.house, self.clock = house, base / "clock.json"
        self.payment_id = UUID(int=0)
        self.made: list[Approved] = []
        self.move(house.clock.instant)
        self.bank = Bank(
            Settings(bank_directory=house.directory, clock_file=self.clock, BANK_COLLECT_SECONDS_MAX=0.0)
        )
        self.bank.tick()

    def move(self, to: datetime) -> None:
        self.house.clock.instant = to
        self.clock.write_text(json.dumps({"now": to.isoformat()}))

    async def live(self, day: int, hour: int, month: int = 11) -> None:
        self.move(datetime(2026, month, day, hour, 50, tzinfo=UTC))
        for _ in range(3):
            await self.house.cutoff(self.house.clock.instant)
            await self.house.work()
            self.bank.tick()
        await self.house.work()
        await finish_reversals(self.house.context)
        await self.house.work()

    async def closed_with_a_reversal(self) -> None:
        """A payment was made, and the file that takes it back is closed on Wednesday evening, not sent."""
        await self.paid()
        assert isinstance(await self.reverse("duplicate"), ReversalOrdered)
        self.move(datetime(2026, 11, 25, 20, 50, tzinfo=UTC))
        await self.house.cutoff(self.house.clock.instant)

    async def paid(self, account: str = "123456789", programme: str = "medical") -> None:
        await self.house.payer()
        await self.house.enrol(account=account)
        self.made = [await self.house.approve(cents, programme=programme) for cents in (6_000, 4_000)]
        await self.live(23, 20)
        await self.live(24, 23)
        ((self.payment_id, state),) = await self.house.rows("select payment_id, state from payments")
        assert state == "settled"

    async def reverse(self, cause: ReversalCause | None = "wrong_receiver") -> Any:
        order = ReversePayment(payment_id=self.payment_id, cause=cause, note="not theirs", actor="ann")
        (answer,) = await self.house.hears(order)
        return answer

    async def states(self) -> list[tuple[Any, ...]]:
        return await self.house.rows("select state, failure from reversals")

    async def findings(self) -> list[str]:
        return [what for (what,) in await self.house.rows("select what from findings order by what")]

    async def reissue(self) -> Any:
        (answer,) = await self.house.hears(ReissuePayment(payment_id=self.payment_id, note="n", actor="ann"))
        return answer


@pytest.fixture
def town(house: House, tmp_path: Path) -> Any:
    made = Town(house, tmp_path)
    yield made
    made.bank.close()


async def test_a_payment_is_taken_back_and_its_items_are_owed_again(town: Town) -> None:
    house = town.house
    await town.paid()
    assert (await town.reverse(cause=None)).reason is Reason.MISSING
    ordered = await town.reverse()
    assert isinstance(ordered, ReversalOrdered)
    assert (ordered.amount_cents, ordered.last_day) == (CENTS, date(2026, 12, 2))
    assert (await town.reverse()).reason is Reason.ALREADY_REVERSED
    await town.live(25, 20)
    closed = (await house.said_of(BatchClosed))[-1]
    (left,) = await house.said_of(ReversalScheduled)
    assert (left.batch_id, left.ach_trace) == (closed.batch_id, "121042880000002")
    assert (closed.payment_count, closed.total_cents, closed.reversal_count, closed.reversal_cents) == (
        0,
        0,
        1,
        CENTS,
    )
    ((content,),) = await house.rows("select file_bytes from batches where reversal_count = 1")
    records = list(read_records(io.BytesIO(content), Frame.STRICT))
    (header,) = [one for one in records if isinstance(one, BatchHeader)]
    (entry,) = [one for one in records if isinstance(one, EntryDetail)]
    assert (header.description, header.service_class, header.company_id, header.sec) == (
        "REVERSAL", 225, "1987654321", "CCD",
    )  # fmt: skip
    assert (entry.code, entry.amount_cents, entry.account) == (27, CENTS, "123456789")
    (sent,) = await house.said_of(PaymentSent)
    assert sent.trace_number.encode() in content, "the addenda names the entry that is taken back"
    assert await house.rows("select state from batches where reversal_count = 1") == [("acknowledged",)]
    await town.live(27, 23)  # the reversal settles on the Friday after Thanksgiving
    assert await house.balances() == {"claims": CENTS, "reversing": -CENTS}
    assert await house.said_of(PaymentReversed) == []
    assert (await town.reissue()).reason is Reason.NOT_RETURNED, "the reversal can still come back"
    await town.live(1, 23, month=12)
    assert await house.said_of(PaymentReversed) == []
    await town.live(2, 14, month=12)
    (back,) = await house.said_of(PaymentReversed)
    assert (back.amount_cents, back.reversed_on, back.batch_id) == (
        CENTS,
        date(2026, 11, 27),
        closed.batch_id,
    )
    assert await house.balances() == {"claims": CENTS, "returned": -CENTS}
    assert [one.reason for one in await house.said_of(ItemHeld)] == [Reason.REVERSED] * 2
    assert [one.reason for one in await house.said_of(AccountHeld)] == [Reason.REVERSED]
    assert (await town.reverse()).reason is Reason.ALREADY_REVERSED
    assert (await town.reissue()).reason is Reason.ACCOUNT_HELD
    await house.enrol()
    (stopped,) = await house.hears(town.made[0].revoked("correction"))
    assert isinstance(stopped, ItemStopped)
    again = await town.reissue()
    assert isinstance(again, PaymentReissued) and again.amount_cents == 4_000
    await house.work()
    await town.live(2, 20, month=12)
    assert [one.amount_cents for one in await house.said_of(PaymentSent)] == [CENTS, 4_000]
    assert await house.rows("select what from findings") == []


async def test_a_reversal_that_comes_back_leaves_the_payment_as_it_was(town: Town) -> None:
    house = town.house
    await town.paid(account="99080212")
    await town.reverse("duplicate")
    await town.live(25, 20)
    await town.live(27, 23)
    assert await house.balances() == {"claims": CENTS, "reversing": -CENTS}
    await town.live(30, 14)
    (failed,) = await house.said_of(ReversalFailed)
    assert (failed.failure, failed.return_code) == ("returned", "R02")
    assert await house.balances() == {"claims": CENTS, "cash": -CENTS}
    await town.live(30, 23)
    await town.live(4, 23, month=12)
    assert await house.said_of(PaymentReversed) == [] and await house.states() == {"scheduled": 2}
    assert await house.rows("select state from payments") == [("settled",)]
    assert (await town.reverse()).reason is Reason.ALREADY_REVERSED, "at most once"
    assert await house.rows("select what from findings") == []


async def test_the_window_is_five_banking_days(town: Town) -> None:
    await town.paid()
    await town.live(1, 21, month=12)  # the next file is effective on 3 December
    assert (await town.reverse()).reason is Reason.REVERSAL_WINDOW


async def test_in_the_last_file_of_the_window_it_still_goes(town: Town) -> None:
    await town.paid()
    await town.live(1, 18, month=12)
    assert isinstance(await town.reverse(), ReversalOrdered)
    await town.live(1, 21, month=12)
    await town.live(2, 23, month=12)
    assert await town.house.balances() == {"claims": CENTS, "reversing": -CENTS}


async def test_a_payment_that_came_back_meanwhile_is_not_taken_back_twice(town: Town) -> None:
    house = town.house
    await town.paid(account="99010300")
    assert isinstance(await town.reverse("duplicate"), ReversalOrdered)
    await town.live(25, 14)  # the return comes in the morning, before the file
    await town.live(25, 20)
    (failed,) = await house.said_of(ReversalFailed)
    assert failed.failure == "payment_returned"
    assert await house.balances() == {"claims": CENTS, "returned": -CENTS}
    assert town.bank.ledger.db.execute("select count(*) from entries where code = 27").fetchone()[0] == 0


async def test_an_order_about_an_unknown_payment(house: House) -> None:
    order = ReversePayment(payment_id=uuid4(), cause="duplicate", note="n", actor="a")
    (refused,) = await house.hears(order)
    assert refused.reason is Reason.UNKNOWN_SUBJECT  # type: ignore[attr-defined]


async def test_a_batch_that_waits_for_release_delays_no_reversal(town: Town) -> None:
    house = town.house
    await town.paid()
    assert isinstance(await town.reverse(), ReversalOrdered)
    await house.pool.execute("update payers set release_by_person = true")
    await house.enrol(NPIS[1], account="77700001")
    await house.approve(5_000, NPIS[1])
    await town.live(25, 20)
    assert await house.rows(
        "select state, payment_count, reversal_count from batches where file_name is not null order by closed_at"
    ) == [("acknowledged", 1, 0), ("awaiting", 1, 0), ("acknowledged", 0, 1)]
    assert await town.states() == [("scheduled", None)]


async def test_what_came_back_before_its_file_left_is_not_taken_back(town: Town) -> None:
    house = town.house
    await town.closed_with_a_reversal()
    assert await town.states() == [("scheduled", None)]
    await house.pool.execute("update payments set state = 'returned'")  # as its return file does
    await house.work()
    assert await town.states() == [("failed", "payment_returned")]
    assert await house.rows("select state from batches where reversal_count = 1") == [("refused",)]
    assert not list((house.directory / "inbox").glob("*reversals*"))
    assert [one.failure for one in await house.said_of(ReversalFailed)] == ["payment_returned"]


async def test_a_file_in_doubt_takes_nothing_back_that_came_back_meanwhile(town: Town) -> None:
    """The bank has not got it, and the payment came back: it does not leave again, it is given up."""
    house = town.house
    await town.closed_with_a_reversal()
    await house.work()
    (file,) = (house.directory / "inbox").glob("*reversals*")
    file.unlink()
    in_doubt = "update batches set state = 'unknown' where reversal_count = 1 returning batch_id, intended_at"
    ((batch_id, sending),) = await house.rows(in_doubt)
    about: tuple[Any, Any] = (house.context, batch_id)
    with pytest.raises(NotResolved):
        await resolve_file(*about, "given_up", sending, TWO)  # it may still leave
    assert await resolve_file(*about, "not_received", sending, TWO) == "built"

    await house.pool.execute("update payments set state = 'returned'")  # as its return file does
    await house.work()
    assert await house.rows("select state from batches where reversal_count = 1") == [("unknown",)]
    with pytest.raises(NotResolved, match="given_up"):
        await resolve_file(*about, "not_received", sending, TWO)
    assert await resolve_file(*about, "given_up", sending, TWO) == "refused"
    await house.work()
    assert await town.states() == [("failed", "refused")]
    assert not list((house.directory / "inbox").glob("*reversals*"))


async def test_a_file_in_doubt_takes_nothing_back_after_the_last_day(town: Town) -> None:
    house = town.house
    await town.closed_with_a_reversal()
    await house.work()
    in_doubt = "update batches set state = 'unknown' where reversal_count = 1 returning batch_id, intended_at"
    ((batch_id, sending),) = await house.rows(in_doubt)
    ((last_day,),) = await house.rows("select last_day from reversals")
    town.move(datetime.combine(last_day, time(15), UTC))  # it would settle the day after
    with pytest.raises(NotResolved, match="given_up"):
        await resolve_file(house.context, batch_id, "not_received", sending, TWO)
    assert await resolve_file(house.context, batch_id, "given_up", sending, TWO) == "refused"


async def test_a_file_that_missed_its_date_is_withdrawn_and_the_next_one_takes_it(town: Town) -> None:
    house = town.house
    await town.closed_with_a_reversal()
    await town.live(27, 15)  # its date, the 27th, has begun
    assert await town.states() == [("ordered", None)]
    await town.live(27, 20)
    assert [one.batch_id for one in await house.said_of(BatchRefused)] == [
        (await house.said_of(ReversalScheduled))[0].batch_id
    ]
    assert await house.rows("select state, effective_date from reversals") == [
        ("scheduled", date(2026, 11, 30))
    ]
    await town.live(30, 23)
    assert await house.balances() == {"claims": CENTS, "reversing": -CENTS}


async def test_a_consumer_may_dispute_a_reversal_for_sixty_days(town: Town) -> None:
    house = town.house
    await town.paid(programme="child-care")
    assert isinstance(await town.reverse("duplicate"), ReversalOrdered)
    await town.live(25, 20)
    await town.live(27, 23)
    for day in (datetime(2026, 12, 10, tzinfo=UTC), datetime(2027, 1, 27, 12, tzinfo=UTC)):
        town.move(day)
        await finish_reversals(house.context)
    assert await house.said_of(PaymentReversed) == []
    town.move(datetime(2027, 1, 28, 12, tzinfo=UTC))
    await finish_reversals(house.context)
    assert len(await house.said_of(PaymentReversed)) == 1


async def test_it_goes_by_the_bank_that_paid(town: Town) -> None:
    house = town.house
    await town.paid()
    await house.pool.execute("update payers set bank = 'another-bank'")
    assert isinstance(await town.reverse(), ReversalOrdered)
    await town.live(25, 20)
    assert await house.rows("select bank from batches where reversal_count = 1") == [("sandbox-bank",)]


async def test_whatever_the_bank_says_of_a_reversal_is_posted_or_found(town: Town) -> None:
    house = town.house
    await town.paid()
    assert isinstance(await town.reverse("duplicate"), ReversalOrdered)
    await town.live(25, 20)
    ((trace,),) = await house.rows("select ach_trace from reversals")
    await house.pool.execute("update reversals set state = 'failed', failure = 'refused'")
    await say(town, "camt-a.xml", statement((trace, "100.00"), side="CRDT", day="2026-11-27"))
    assert await town.findings() == ["reversal_settled_after_failure"]
    await house.pool.execute("update reversals set state = 'settled', settled_on = '2026-11-27'")
    await say(town, "camt-b.xml", statement((trace, "100.00"), day="2026-11-30"))  # given back, and no return
    assert await town.findings() == ["reversal_given_back", "reversal_settled_after_failure"]
    town.move(datetime(2026, 12, 10, tzinfo=UTC))
    await finish_reversals(house.context)
    assert await house.said_of(PaymentReversed) == [], "the money may not be with us"
    await page_overdue_reversals(house.context)
    assert "reversal_overdue" in house.context.alarms.names()
    await say(town, "camt-c.xml", statement(("121042889999999", "100.00"), side="CRDT", day="2026-12-10"))
    assert "credit_unknown" in await town.findings()


async def test_an_old_reversal_does_not_hide_a_payment_that_has_its_trace(town: Town) -> None:
    house = town.house
    await town.paid()
    assert isinstance(await town.reverse("duplicate"), ReversalOrdered)
    await town.live(25, 20)
    await house.approve(5_000)
    await town.live(27, 20)
    await house.pool.execute(
        "update reversals set ach_trace = (select ach_trace from payments where state = 'sent'),"
        " effective_date = '2020-01-06'"
    )
    await town.live(30, 23)
    assert await house.rows("select state from payments order by effective_date") == [
        ("settled",),
        ("settled",),
    ]


async def test_a_reversal_that_the_statement_does_not_show_pages(town: Town) -> None:
    house = town.house
    await town.paid()
    assert isinstance(await town.reverse("duplicate"), ReversalOrdered)
    await town.live(25, 20)
    await page_overdue_reversals(house.context)
    assert "reversal_overdue" not in house.context.alarms.names()
    town.move(datetime(2026, 12, 3, tzinfo=UTC))
    await page_overdue_reversals(house.context)
    assert "reversal_overdue" in house.context.alarms.names()
    await house.pool.execute("update reversals set state = 'failed'")
    await page_overdue_reversals(house.context)
    assert "reversal_overdue" not in house.context.alarms.names()


async def say(town: Town, name: str, content: bytes) -> None:
    town.house.bank_says(name, content)
    await town.house.work()
