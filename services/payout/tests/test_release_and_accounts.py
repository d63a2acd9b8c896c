"""A batch that waits pays nobody on an account that was held or changed meanwhile: such payments are taken out, and a
person releases what is left."""

from __future__ import annotations

import asyncio
import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

import pytest

from payout import follow_ups
from payout.announce import announce_items
from payout.batches import OrderedBatch
from payout.findings import page_open_findings
from payout.nacha import BatchControl, BatchHeader, EntryDetail, Frame, read_records
from payout.nacha.without import without
from payout.orders_work import to_be_released
from payout.rails import ach
from payout.vault import Account
from payout.work import AccountsWork
from throughline.decisions import CommandRefused
from throughline.identifiers import payee_id_for
from throughline.items import ItemHeld, ItemReleased
from throughline.orders import HoldBatch, ReleaseBatch
from throughline.payees import ChangeAccount
from throughline.payments import (
    BatchHeld,
    BatchRedated,
    BatchRefused,
    BatchReleased,
    PaymentRefused,
    PaymentSent,
)
from throughline.reasons import Reason

if TYPE_CHECKING:
    from conftest import House

FIRST, SECOND = "1234567893", "1558598797"
DAY = timedelta(days=1)
DATE = date(2026, 11, 24)


def credit(
    sequence: int, cents: int, company: str = "1987654321", entry: str = "CCD HCCLAIMPMT"
) -> ach.Credit:
    return ach.Credit(
        ach.Originator("ACME", company), entry, Account("091000019", f"12345{sequence}", "checking"), cents,
        "1234567893", "OAKWOOD CLINIC", sequence, f"20261124{12104288}{sequence:07d}",
    )  # fmt: skip


def file_of(*credits: ach.Credit) -> bytes:
    made_at = datetime(2026, 11, 23, 15, tzinfo=UTC)
    facts = ach.file_facts("121042882", "1210428820", "BANK", "US", made_at, "A")
    return ach.write_file(facts, "12104288", date(2026, 11, 24), credits)[0]


@pytest.mark.parametrize("gone", [{1}, {2}, {3}, {1, 3}, {3, 4}, {2, 3, 4}, set()])
def test_a_file_without_some_entries_is_the_file_that_the_others_make(gone: set[int]) -> None:
    """Batch by batch, with its own totals; the numbers of the batches stay as they were told."""
    entries = [credit(1, 100), credit(2, 20_000), credit(3, 7, "1123456789"), credit(4, 9, "1123456789")]
    traces = {f"12104288{number:07d}" for number in gone}
    made = without(file_of(*entries), traces)
    assert made is not None
    alone = file_of(*(one for one in entries if one.sequence not in gone))
    assert len(made) == len(alone)
    read, expected = (
        [_but_its_number(one) for one in read_records(io.BytesIO(content), Frame.STRICT)]
        for content in (made, alone)
    )
    assert read == expected


def _but_its_number(record: Any) -> Any:
    return replace(record, number=0) if isinstance(record, BatchHeader | BatchControl) else record


def test_a_file_without_any_entry_is_none() -> None:
    assert without(file_of(credit(1, 100)), {"121042880000001"}) is None


def test_accounts_are_asked_also_where_one_slice_holds_and_releases_the_batch() -> None:
    """As the slice begins, the batch leaves by itself."""
    one, other = (
        OrderedBatch(UUID(int=at), "b", "w", "built", 1, 100, DATE, DATE, None, False, None, None)
        for at in (1, 2)
    )
    orders = (
        HoldBatch(batch_id=one.batch_id, note="wait", actor="bea"),
        ReleaseBatch(batch_id=one.batch_id, total_cents=100, entry_count=1, note="go", actor="cleo"),
        HoldBatch(batch_id=other.batch_id, note="wait", actor="bea"),
    )
    assert to_be_released(orders, (one, other)) == [one.batch_id]


@pytest.fixture
async def batch_id(house: House) -> UUID:
    """Two payments, held by bea before they leave."""
    await house.payer()
    await house.enrol(FIRST)
    await house.enrol(SECOND, "999999999")
    await house.approve(1_000, FIRST)
    await house.approve(2_000, SECOND)
    await house.cutoff()
    ((found,),) = await house.rows("select batch_id from batches")
    await house.hears(HoldBatch(batch_id=found, note="wait", actor="bea"))
    await house.work()
    return UUID(int=found.int)


async def release(house: House, batch_id: UUID, cents: int, count: int) -> list[Any]:
    order = ReleaseBatch(batch_id=batch_id, total_cents=cents, entry_count=count, note="seen", actor="ann")
    return list(await house.hears(order))


def change(house: House, npi: str) -> ChangeAccount:
    payee = payee_id_for("npi", npi)
    sealed = house.sealed(payee, "555555555", speaker="portal")
    return ChangeAccount(payee_id=payee, speaker="portal", requested_by="cyd", sealed_account=sealed)


async def test_a_payment_to_an_account_that_was_held_is_taken_out_and_the_rest_is_released(
    house: House, batch_id: UUID
) -> None:
    await house.pool.execute(
        "update accounts set state = 'held', return_code = 'R03' where payee_id = $1",
        payee_id_for("npi", FIRST),
    )
    house.clock.instant += DAY
    refused, held, answer = await release(house, batch_id, 3_000, 2)
    assert isinstance(refused, PaymentRefused) and refused.reason is Reason.ACCOUNT_HELD
    assert isinstance(held, BatchHeld) and (held.total_cents, held.payment_count) == (2_000, 1)
    assert isinstance(answer, CommandRefused) and answer.reason is Reason.ENTRIES_TAKEN_OUT
    await house.work()
    assert house.inbox() == [] and await house.states() == {"held:account_held": 1, "scheduled": 1}
    (item,) = await house.said_of(ItemHeld)
    assert (item.reason, item.payment_id) == (Reason.ACCOUNT_HELD, refused.payment_id)
    assert await house.balances() == {"claims": 3_000, "batched": -2_000, "returned": -1_000}

    (stale,) = await release(house, batch_id, 3_000, 2)
    assert stale.reason is Reason.STALE_AMOUNT
    (released,) = await release(house, batch_id, 2_000, 1)
    assert isinstance(released, BatchReleased) and released.total_cents == 2_000
    await house.work()
    (file,) = house.inbox()
    content = file.read_bytes()
    entries = [one for one in read_records(io.BytesIO(content), Frame.STRICT) if isinstance(one, EntryDetail)]
    assert [(one.account, one.amount_cents) for one in entries] == [("999999999", 2_000)]
    (redated,) = await house.said_of(BatchRedated)
    assert redated.file_sha256 == hashlib.sha256(content).hexdigest()
    assert (redated.payment_count, redated.total_cents) == (1, 2_000)
    assert [one.amount_cents for one in await house.said_of(PaymentSent)] == [2_000]
    house.bank_says(
        "ack.json",
        {
            "type": "acknowledgement", "file": file.name, "sha256": redated.file_sha256, "size": len(content),
            "received_at": "2026-11-24T20:00:00Z", "status": "accepted", "entries": 1, "credit_cents": 2_000,
            "entry_hash": redated.entry_hash, "reason": None, "line": None, "field": None, "refused_entries": [],
        },
    )  # fmt: skip
    await house.work()
    await page_open_findings(house.context)
    assert await house.rows("select state from batches") == [("acknowledged",)]
    assert house.context.alarms.names() == set()

    await house.enrol(FIRST)  # verified again
    await house.work()
    assert len(await house.said_of(ItemReleased)) == 1
    house.clock.instant += DAY
    await house.cutoff(house.clock.instant)
    await house.work()
    assert [one.amount_cents for one in await house.said_of(PaymentSent)] == [2_000, 1_000]
    assert await house.balances() == {"claims": 3_000, "batched": -3_000}


async def test_a_change_of_account_and_a_release_race_and_the_old_account_gets_nothing(
    house: House, batch_id: UUID
) -> None:
    """The change came first and is not committed: the release waits for it, and sees it."""
    store = AccountsWork.store
    about_to_commit, go_on = asyncio.Event(), asyncio.Event()

    async def store_and_wait(work: Any, db: Any) -> None:
        await store(work, db)
        about_to_commit.set()
        await go_on.wait()

    with patch.object(AccountsWork, "store", store_and_wait):
        changing = asyncio.create_task(house.hears(change(house, FIRST)))
        await about_to_commit.wait()
        releasing = asyncio.create_task(release(house, batch_id, 3_000, 2))
        async with asyncio.timeout(20):
            while not await house.pool.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        go_on.set()
        await changing
        answers = await releasing
    assert [one.reason for one in answers if isinstance(one, PaymentRefused)] == [Reason.COOLING_OFF]
    await house.work()
    assert house.inbox() == [] and await house.states() == {"held:cooling_off": 1, "scheduled": 1}


async def test_a_batch_of_which_nothing_is_left_never_leaves(house: House, batch_id: UUID) -> None:
    for npi in (FIRST, SECOND):
        await house.hears(change(house, npi))
    *_, batch, answer = await release(house, batch_id, 3_000, 2)
    assert batch.reason is answer.reason is Reason.ENTRIES_TAKEN_OUT
    await house.work()
    assert house.inbox() == [] and await house.states() == {"held:cooling_off": 2}
    assert await house.rows("select state, payment_count, total_cents from batches") == [("empty", 0, 0)]
    (again,) = await release(house, batch_id, 0, 0)
    assert again.reason is Reason.NOT_WAITING


async def test_an_account_in_order_is_paid_as_the_batch_was_closed(house: House, batch_id: UUID) -> None:
    (released,) = await release(house, batch_id, 3_000, 2)
    assert isinstance(released, BatchReleased)
    house.clock.instant = datetime(2026, 11, 23, 21, tzinfo=UTC)
    await house.work()
    assert await house.said_of(BatchRedated, PaymentRefused) == [] and len(house.inbox()) == 1


LATER = {"on its day": timedelta(0), "with a new date": timedelta(days=2)}


@pytest.mark.parametrize("stood", LATER)
async def test_a_file_that_stood_still_leaves_without_an_account_that_was_held(
    house: House, stood: str
) -> None:
    """The bank's directory, or the broker, was away; a return of another batch held the account meanwhile."""
    await closed(house)
    await hold_account(house, FIRST)
    house.clock.instant += LATER[stood]
    await house.work()
    assert await house.states() == {"held:account_held": 1, "scheduled": 1}
    (file,) = house.inbox()
    content = file.read_bytes()
    entries = [one for one in read_records(io.BytesIO(content), Frame.STRICT) if isinstance(one, EntryDetail)]
    assert [(one.account, one.amount_cents) for one in entries] == [("999999999", 2_000)]
    (refused,) = await house.said_of(PaymentRefused)
    assert refused.reason is Reason.ACCOUNT_HELD
    (redated,) = await house.said_of(BatchRedated)
    assert (redated.payment_count, redated.total_cents) == (1, 2_000)
    assert redated.file_sha256 == hashlib.sha256(content).hexdigest()
    assert await house.rows("select state, payment_count, total_cents from batches") == [
        ("delivered", 1, 2_000)
    ]
    assert await house.balances() == {"claims": 3_000, "batched": -2_000, "returned": -1_000}


async def test_a_file_that_stood_still_until_no_account_was_in_order_never_leaves(house: House) -> None:
    await closed(house)
    for npi in (FIRST, SECOND):
        await house.hears(change(house, npi))
    house.clock.instant += 2 * DAY
    await house.work()
    assert house.inbox() == [] and await house.states() == {"held:cooling_off": 2}
    assert await house.rows("select state, payment_count, total_cents from batches") == [("empty", 0, 0)]
    (refused,) = await house.said_of(BatchRefused)
    assert refused.reason is Reason.ENTRIES_TAKEN_OUT


async def test_what_is_held_after_its_account_came_in_order_again_waits_all_the_same(house: House) -> None:
    """One replica holds the items; another releases what the account held before it sees them."""
    await closed(house)
    await hold_account(house, FIRST)
    hold = follow_ups._hold

    async def verified_meanwhile(*args: Any) -> int:
        await house.enrol(FIRST)
        assert await follow_ups._some(house.context)
        assert await house.rows("select kind from follow_ups") == [("hold_items",)]
        return await hold(*args)

    with patch.object(follow_ups, "_hold", verified_meanwhile):
        await house.work()
    await house.work()
    assert await house.states() == {"waiting": 1, "scheduled": 1}
    assert [type(one) for one in await house.said_of(ItemHeld, ItemReleased)] == [ItemHeld, ItemReleased]


async def closed(house: House) -> None:
    """Two payments whose file has not left."""
    await house.payer()
    await house.enrol(FIRST)
    await house.enrol(SECOND, "999999999")
    await house.approve(1_000, FIRST)
    await house.approve(2_000, SECOND)
    await house.cutoff()
    await announce_items(house.context)


async def hold_account(house: House, npi: str) -> None:
    await house.pool.execute(
        "update accounts set state = 'held', return_code = 'R03' where payee_id = $1",
        payee_id_for("npi", npi),
    )
