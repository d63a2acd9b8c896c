"""Closing a window: what leaves, what is held, what waits; once, and as bytes that a second reader takes."""

from __future__ import annotations

import asyncio
import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import achkit
import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payout.close_batch import close, close_due_windows
from payout.domain import AccountState, Payable, Waiting, items_hash, plan_payments
from payout.findings import page_open_findings
from payout.nacha import Addenda, BatchHeader, EntryDetail, FileHeader, Frame, read_records, trn
from payout.rails import ach
from throughline.identifiers import batch_id_for, payee_id_for, payment_id_for
from throughline.items import ItemHeld, ItemReleased, ItemScheduled, ItemStopped, ItemTooLate
from throughline.money import CENTS_MAX
from throughline.payments import BatchClosed, PaymentSent
from throughline.programmes import BankEntry
from throughline.reasons import Reason

if TYPE_CHECKING:
    from conftest import House

NPI, OTHER, THIRD = "1234567893", "1558598797", "1003000126"
MONDAY = date(2026, 11, 23)
CUTOFF = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


# The plan: pure


def waiting(cents: int, payee: UUID, payer: str = "acme", programme: str = "medical") -> Waiting:
    entry = {"medical": "CCD HCCLAIMPMT"}.get(programme, "PPD CHILD CARE")
    return Waiting(uuid4(), uuid4(), 1, payer, payee, programme, entry, cents, False)


def payable(**changes: object) -> Payable:
    values = {
        "token": "ba_1", "mask": "••••1", "state": AccountState.ACTIVE, "payable_from": MONDAY, "change_pending": False,
    }  # fmt: skip
    return Payable(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (None, Reason.NO_ACCOUNT),
        (payable(state=AccountState.HELD), Reason.ACCOUNT_HELD),
        (payable(payable_from=date(2026, 11, 24)), Reason.COOLING_OFF),
        (payable(payable_from=None), Reason.COOLING_OFF),
        (payable(change_pending=True), Reason.COOLING_OFF),
        (payable(), None),
    ],
)
def test_an_account_that_cannot_be_paid_holds_the_item(
    account: Payable | None, reason: Reason | None
) -> None:
    item = waiting(100, payee_id_for("npi", NPI))
    accounts = {} if account is None else {item.payee_id: account}
    plan = plan_payments(uuid4(), [item], accounts, MONDAY)
    assert [why for _, why in plan.held] == ([] if reason is None else [reason])
    assert len(plan.payments) == (1 if reason is None else 0)


payees = [payee_id_for("npi", npi) for npi in (NPI, OTHER, THIRD)]
drawn_items = st.lists(
    st.builds(
        waiting,
        st.integers(1, CENTS_MAX + 5) | st.just(CENTS_MAX),
        st.sampled_from(payees),
        st.sampled_from(["acme", "beta"]),
        st.sampled_from(["medical", "child-care"]),
    ),
    max_size=25,
)


@given(drawn_items, st.sets(st.sampled_from(payees)))
def test_a_plan_conserves_every_cent_and_every_item(items: list[Waiting], with_account: set[UUID]) -> None:
    batch_id = uuid4()
    accounts = {payee: payable(token=f"ba_{payee}") for payee in with_account}
    plan = plan_payments(batch_id, items, accounts, MONDAY)
    assert plan == plan_payments(batch_id, list(reversed(items)), accounts, MONDAY) or plan.held
    paid = [item for payment in plan.payments for item in payment.items]
    held = [item for item, _ in plan.held]
    left = [item for item in items if item not in paid and item not in held]
    assert len(paid) + len(held) + len(left) == len(items)
    assert len({(p.payer, p.payee_id) for p in plan.payments}) == len(plan.payments)
    assert len({p.payment_id for p in plan.payments}) == len(plan.payments)
    for payment in plan.payments:
        assert 0 < payment.cents <= CENTS_MAX
        assert {item.programme for item in payment.items} == {payment.programme}
        assert payment.payee_id in with_account
    for item in left:  # only for want of room, or for another programme; the next window takes it
        assert item.cents <= CENTS_MAX and item.payee_id in with_account


@pytest.mark.parametrize("older", ["medical", "child-care"])
def test_of_two_programmes_the_one_that_waited_longest_is_paid_first(older: str) -> None:
    payee = payee_id_for("npi", NPI)
    other = {"medical": "child-care", "child-care": "medical"}[older]
    since = datetime(2026, 11, 20, tzinfo=UTC)
    fresh = replace(waiting(100, payee, programme=other), waiting_since=since + timedelta(hours=1))
    plan = plan_payments(
        uuid4(),
        [fresh, replace(waiting(200, payee, programme=older), waiting_since=since)],
        {payee: payable()},
        MONDAY,
    )
    assert [one.programme for one in plan.payments] == [older]


def test_what_one_entry_cannot_hold_waits_from_the_latest_on() -> None:
    payee = payee_id_for("npi", NPI)
    items = [
        replace(waiting(CENTS_MAX // 2, payee), waiting_since=datetime(2026, 11, day, tzinfo=UTC))
        for day in (19, 17, 18)
    ]
    (payment,) = plan_payments(uuid4(), items, {payee: payable()}, MONDAY).payments
    assert {item.waiting_since.day for item in payment.items} == {17, 18}


# The close, on a database


async def test_a_window_pays_one_entry_per_payer_and_payee(house: House) -> None:
    await house.payer()
    await house.payer("beta", name="A PAYER WITH A NAME TOO LONG")
    for npi, account in ((NPI, "123456789"), (OTHER, "000987654")):
        await house.enrol(npi, account)
    first = [await house.approve(cents) for cents in (13_000, 7_000)]
    await house.approve(4_525, OTHER)
    await house.approve(900, OTHER, payer="beta")
    content = await house.pay()

    assert achkit.validate(content.decode())["ok"]
    records = list(read_records(io.BytesIO(content), Frame.STRICT))
    header = records[0]
    assert isinstance(header, FileHeader) and header.modifier == "A" and header.created_at == "1500"
    entries = [one for one in records if isinstance(one, EntryDetail)]
    assert sorted((one.account, one.amount_cents, one.name) for one in entries) == [
        ("000987654", 900, "OAKWOOD CLINIC"),
        ("000987654", 4_525, "OAKWOOD CLINIC"),
        ("123456789", 20_000, "OAKWOOD CLINIC"),
    ]  # fmt: skip
    batches = {one.company_name for one in records if isinstance(one, BatchHeader)}
    assert batches == {"ACME HEALTH", "BETA"}  # never cut: the payer's code where its name does not fit
    for one in records:
        if isinstance(one, BatchHeader):
            assert (one.sec, one.description, one.effective) == ("CCD", "HCCLAIMPMT", date(2026, 11, 24))

    (closed,) = await house.said_of(BatchClosed)
    assert closed.batch_id == batch_id_for("sandbox-bank", "2026-11-23T1500")
    assert (closed.payment_count, closed.total_cents) == (3, 25_425)
    assert (
        closed.file_sha256 == hashlib.sha256(content).hexdigest()
        and closed.file_name == house.inbox()[0].name
    )
    sent = {one.amount_cents: one for one in await house.said_of(PaymentSent)}
    notes = [trn.parse(one.payment_information) for one in records if isinstance(one, Addenda)]
    assert {(one.trace_number, one.payer_id) for one in notes if one} == {
        (one.trace_number, one.payer_trace_id) for one in sent.values()
    }
    assert {one.ach_trace for one in sent.values()} == {one.trace for one in entries}
    payment = sent[20_000]
    assert payment.payment_id == payment_id_for(
        closed.batch_id, "acme", payee_id_for("npi", NPI), payment.account_token
    )
    members = [one for one in await house.said_of(ItemScheduled) if one.payment_id == payment.payment_id]
    assert {one.request_id for one in members} == {one.request_id for one in first}
    told = {one.request_id: one.adjudication for one in members}
    assert told == {one.request_id: one.message.adjudication for one in first}
    assert payment.items_hash == items_hash(
        Waiting(
            one.decision_id,
            one.request_id,
            one.version,
            "acme",
            payment.payee_id,
            "medical",
            "CCD HCCLAIMPMT",
            one.amount_cents,
            False,
        )
        for one in members
    )
    assert payment.item_count == 2
    assert await house.balances() == {"claims": 25_425, "batched": -25_425}


async def test_what_cannot_leave_is_held_and_the_batch_goes(house: House) -> None:
    await house.payer()
    await house.enrol(NPI)
    await house.enrol(OTHER, name="CLINIQUE DE LA SANTÉ")
    await house.enrol(THIRD, name="TWENTY-THREE CHARACTERS")
    await house.approve(1_000, NPI)
    await house.approve(2_000, OTHER)
    await house.approve(3_000, THIRD)
    await house.approve(4_000, "1003000134")
    await house.approve(CENTS_MAX + 1, NPI)
    await house.pay()
    assert await house.states() == {
        "scheduled": 1, "held:no_account": 1, "held:name_not_encodable": 2, "held:amount_too_large": 1,
    }  # fmt: skip
    assert len(await house.said_of(ItemHeld)) == 4
    (closed,) = await house.said_of(BatchClosed)
    assert closed.total_cents == 1_000


async def test_when_the_account_arrives_the_held_item_leaves_with_the_next_window(house: House) -> None:
    await house.payer()
    await house.approve(1_000)
    await house.cutoff()
    assert await house.states() == {"held:no_account": 1}
    assert house.inbox() == []
    await house.enrol()
    await house.work()
    assert [one.reason for one in await house.said_of(ItemReleased)] == [Reason.ACCOUNT_ARRIVED]
    await house.cutoff(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    await house.work()
    assert await house.states() == {"scheduled": 1}


async def test_a_name_confirmed_again_releases_what_it_held(house: House) -> None:
    await house.payer()
    await house.enrol(name="A NAME OF MORE THAN TWENTY-TWO")
    await house.approve(1_000)
    await house.cutoff()
    assert await house.states() == {"held:name_not_encodable": 1}
    await house.enrol(name="SHORT NAME")
    await house.work()
    assert await house.states() == {"waiting": 1}


async def test_what_comes_at_the_cutoff_or_after_waits_for_the_next(house: House) -> None:
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    house.clock.instant = CUTOFF
    await house.approve(2_000)
    await close_due_windows(house.context)
    assert await house.states() == {"scheduled": 1, "waiting": 1}


async def test_a_window_closes_once_whoever_tries(house: House) -> None:
    await house.payer()
    await house.enrol()
    for n in range(20):
        await house.approve(100 + n)
    house.clock.instant = CUTOFF
    await asyncio.gather(*(close_due_windows(house.context) for _ in range(6)))
    await house.approve(5)
    await close_due_windows(house.context)
    assert await house.rows("select count(*), sum(payment_count)::int from batches") == [(1, 1)]
    assert await house.states() == {"scheduled": 20, "waiting": 1}


async def test_an_empty_window_is_closed_and_sends_nothing(house: House) -> None:
    await house.cutoff()
    await house.work()
    (closed,) = await house.said_of(BatchClosed)
    assert (closed.payment_count, closed.total_cents, closed.file_name) == (0, 0, None)
    assert house.inbox() == []


async def test_items_of_an_unknown_payer_wait_until_it_is_recorded(house: House) -> None:
    await house.enrol()
    await house.approve(1_000)
    await house.cutoff()
    assert await house.states() == {"waiting": 1}
    await house.payer()
    await house.cutoff(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    assert await house.states() == {"scheduled": 1}


async def test_what_is_no_claim_leaves_by_the_entry_that_its_decision_names(house: House) -> None:
    """Of programmes that nobody here knows too; what was decided before decisions named it, as it was."""
    await house.payer()
    for npi in (NPI, OTHER, THIRD):
        await house.enrol(npi)
    meals = BankEntry(rail="ccd", description="HOME MEALS")
    await house.approve(1_000, programme="child-care")
    await house.approve(
        2_000, OTHER, programme="in-home-support", entry=BankEntry(rail="ppd", description="HOME CARE")
    )
    await house.approve(3_000, THIRD, programme="home-meals", entry=meals)
    content = await house.pay()
    headers = [one for one in read_records(io.BytesIO(content)) if isinstance(one, BatchHeader)]
    assert [(one.sec, one.description) for one in headers] == [
        ("CCD", "HOME MEALS"), ("PPD", "CHILD CARE"), ("PPD", "HOME CARE"),
    ]  # fmt: skip
    assert b"HCCLAIMPMT" not in content


async def test_trace_numbers_go_on_over_files_and_days(house: House) -> None:
    await house.payer()
    await house.enrol()
    for day in (23, 24, 25):
        await house.approve(1_000)
        await house.cutoff(datetime(2026, 11, day, 20, 0, tzinfo=UTC))
    assert await house.rows("select ach_trace from payments order by 1") == [
        ("121042880000001",), ("121042880000002",), ("121042880000003",),
    ]  # fmt: skip
    await house.pool.execute("update trace_numbers set last = 9999999")
    await house.approve(1_000)
    await house.cutoff(datetime(2026, 11, 27, 20, 0, tzinfo=UTC))
    assert await house.rows("select count(*), count(distinct trace_number) from payments") == [(4, 4)]


async def test_a_batch_that_fails_leaves_nothing_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    house.clock.instant = CUTOFF
    with monkeypatch.context() as patch:
        patch.setattr(ach, "write_file", lambda *_: 1 / 0)
        await close_due_windows(house.context)
    assert house.context.alarms.names() == {"bank_failing"}
    assert await house.rows("select count(*) from batches") == [(0,)]
    assert await house.states() == {"waiting": 1}
    await close_due_windows(house.context)
    assert await house.states() == {"scheduled": 1} and house.context.alarms.names() == set()


async def test_stopping_and_closing_race_for_the_row_and_never_both_win(house: House) -> None:
    await house.payer()
    await house.enrol()
    made = [await house.approve(100 + n) for n in range(40)]
    house.clock.instant = CUTOFF
    answers: list[object] = []

    async def stop_some() -> None:
        for one in made:
            answers.extend(await house.hears(one.revoked()))
            await asyncio.sleep(0)

    async def close_later() -> None:
        await asyncio.sleep(0.05)
        await close_due_windows(house.context)

    await asyncio.gather(stop_some(), close_later())
    stopped = {one.decision_id for one in answers if isinstance(one, ItemStopped)}
    late = {one.decision_id for one in answers if isinstance(one, ItemTooLate)}
    assert stopped | late == {one.decision_id for one in made} and not stopped & late
    scheduled = {
        row[0] for row in await house.rows("select decision_id from items where state = 'scheduled'")
    }
    assert scheduled == late
    cents = sum(one.message.adjudication.paid_cents for one in made if one.decision_id in late)
    assert sum((await house.balances()).values()) == 0
    assert (await house.balances()).get("batched", 0) == -cents


async def test_a_journal_entry_cannot_be_unbalanced_and_no_request_has_two_live_items(house: House) -> None:
    made = await house.approve(1_000)
    with pytest.raises(asyncpg.CheckViolationError):
        await house.pool.execute(
            "insert into journal (entry_id, step, payer, subject, debited, credited, cents)"
            " values (gen_random_uuid(), 'approved', 'acme', 'x', 'cash', 'cash', 5)"
        )
    with pytest.raises(asyncpg.UniqueViolationError):
        await house.pool.execute(
            "insert into items (decision_id, request_id, version, payer, payee_id, programme, entry, cents, state,"
            " waiting_since, correlation_id, adjudication) select gen_random_uuid(), request_id, 2, payer, payee_id,"
            " programme, entry, cents, 'waiting', waiting_since, correlation_id, adjudication"
            " from items where decision_id = $1",
            made.decision_id,
        )


async def test_a_tampered_account_is_held_and_the_batch_goes(house: House) -> None:
    await house.payer()
    await house.enrol(NPI, "123456789")
    await house.enrol(OTHER, "999999999")
    await house.pool.execute(  # somebody copies one payee's account over another's
        "update accounts set sealed = (select sealed from accounts where payee_id = $1) where payee_id = $2",
        payee_id_for("npi", OTHER),
        payee_id_for("npi", NPI),
    )
    await house.work()
    await house.approve(1_000, NPI)
    await house.approve(2_000, OTHER)
    content = await house.pay()
    assert await house.states() == {"held:account_held": 1, "scheduled": 1}
    assert content.count(b"999999999") >= 1 and b"123456789" not in content


async def test_a_manual_window_takes_what_waits_now(house: House) -> None:
    from payout.close_batch import close_now

    await house.payer()
    await house.enrol()
    await house.approve(1_000)
    bank = house.settings.banks["sandbox-bank"]
    assert await close_now(house.context, "sandbox-bank", bank) is not None
    assert (
        await close_now(house.context, "sandbox-bank", bank) is None
    )  # the clock stands still: the same window
    assert await house.states() == {"scheduled": 1}
    assert close is not None


async def test_a_bank_that_takes_no_more_files_today_pages_and_what_waits_leaves_tomorrow(
    house: House,
) -> None:
    await house.payer()
    await house.enrol()
    await house.approve()
    await house.rows("insert into file_days values ('sandbox-bank', '2026-11-23', 36)")
    for _ in range(2):
        await house.cutoff()
    assert house.context.alarms.names() == {"no_file_left_today"}
    assert await house.rows("select count(*) from batches") == [(0,)]
    await house.cutoff(CUTOFF + timedelta(hours=12))
    assert house.context.alarms.names() == set()
    assert await house.rows("select window_id, effective_date, payment_count from batches") == [
        ("2026-11-23T1500", date(2026, 11, 25), 1)
    ]


async def test_a_payer_whose_bank_no_setting_names_pages_while_items_wait(house: House) -> None:
    await house.payer("lost", bank="no-such-bank")
    await house.enrol()
    await page_open_findings(house.context)
    assert house.context.alarms.names() == set()
    one = await house.approve(payer="lost")
    await page_open_findings(house.context)
    assert list(house.context.alarms.raised.values()) == [{"payer": "lost"}]
    await house.hears(one.revoked())
    await page_open_findings(house.context)
    assert house.context.alarms.names() == set()
