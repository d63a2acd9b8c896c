"""What came back is paid again: once, to an account in order, as a new payment; never beside another live decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from payout.domain import AccountState, OrderedPayment, Payable, refuse_reissue
from payout.follow_ups import work_off_follow_ups
from payout.read_bank_files import read_bank_files
from payout.testing import CENTS, TRACE, returns, statement
from throughline.accounts import AccountChanged
from throughline.decisions import CommandRefused
from throughline.items import ItemHeld, ItemReleased, ItemScheduled, ItemStopped
from throughline.orders import ReissuePayment
from throughline.payees import ChangeAccount, ConfirmAccount
from throughline.payments import PaymentReissued, PaymentSent, PaymentSettled
from throughline.reasons import Reason

if TYPE_CHECKING:
    from conftest import Approved, House

TUESDAY_CUTOFF = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
BACK = OrderedPayment(uuid4(), uuid4(), "returned", False, 2, CENTS)
READY = Payable("t", "m", AccountState.ACTIVE, TODAY, False)
SECOND_TRACE = "121042880000002"


@pytest.mark.parametrize(
    ("payment", "account", "refusal"),
    [
        (BACK, READY, None),
        (None, READY, Reason.UNKNOWN_SUBJECT),
        (replace(BACK, state="settled"), READY, Reason.NOT_RETURNED),
        (replace(BACK, state="sent"), READY, Reason.NOT_RETURNED),
        (replace(BACK, state="refused"), READY, Reason.NOT_RETURNED),
        (replace(BACK, reissued=True), READY, Reason.ALREADY_REISSUED),
        (replace(BACK, owed_count=0), READY, Reason.NOTHING_OWED),
        (BACK, None, Reason.NO_ACCOUNT),
        (BACK, replace(READY, state=AccountState.HELD), Reason.ACCOUNT_HELD),
        (BACK, replace(READY, change_pending=True), Reason.COOLING_OFF),
        (BACK, replace(READY, payable_from=date(2026, 11, 25)), Reason.COOLING_OFF),
    ],
)
def test_what_may_be_reissued(
    payment: OrderedPayment | None, account: Payable | None, refusal: Reason | None
) -> None:
    assert refuse_reissue(payment, account, TODAY) is refusal


class Returned:
    """A payment of two items that came back, and its house."""

    def __init__(self, house: House, made: list[Approved], payment_id: UUID) -> None:
        self.house = house
        self.made = made
        self.payment_id = payment_id

    async def reissued(self, payment_id: UUID | None = None, **seen: Any) -> Any:
        order = ReissuePayment(payment_id=payment_id or self.payment_id, note="mended", actor="ann", **seen)
        (answer,) = await self.house.hears(order)
        return answer


@pytest.fixture
async def back(house: House) -> Returned:
    await house.payer()
    await house.enrol()
    made = [await house.approve(6_000), await house.approve(4_000)]
    await house.pay()
    house.bank_says("camt.xml", statement((TRACE, "100.00")))
    house.bank_says("return.ach", returns())
    await house.work()
    ((payment_id,),) = await house.rows("select payment_id from payments")
    return Returned(house, made, payment_id)


async def test_a_returned_payment_is_paid_again_once_as_a_new_payment(back: Returned) -> None:
    house = back.house
    refused = await back.reissued()
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.ACCOUNT_HELD
    assert refused.detail == Reason.ACCOUNT_HELD.sentence
    await house.enrol()  # verified again
    for seen in ({"account_mask": "...0000"}, {"amount_cents": CENTS + 1}):
        assert (await back.reissued(**seen)).reason is Reason.STALE_AMOUNT
    answer = await back.reissued()
    assert isinstance(answer, PaymentReissued)
    assert (answer.payment_id, answer.item_count, answer.amount_cents) == (back.payment_id, 2, CENTS)
    assert (await back.reissued()).reason is Reason.ALREADY_REISSUED
    await house.work()
    assert [one.reason for one in await house.said_of(ItemReleased)] == [Reason.RETURNED] * 2
    assert await house.balances() == {"claims": CENTS, "returned": -CENTS}
    await house.cutoff(TUESDAY_CUTOFF)
    await house.work()
    first, second = await house.said_of(PaymentSent)
    assert second.payment_id != back.payment_id and second.trace_number != first.trace_number
    assert (second.amount_cents, second.item_count, second.items_hash) == (CENTS, 2, first.items_hash)
    assert await house.balances() == {"claims": CENTS, "batched": -CENTS}
    house.bank_says("camt-2.xml", statement((SECOND_TRACE, "100.00"), day="2026-11-25"))
    await house.work()
    assert await house.balances() == {"claims": CENTS, "cash": -CENTS}
    assert (await back.reissued()).reason is Reason.ALREADY_REISSUED
    assert await house.rows("select count(*) from findings") == [(0,)]


async def test_a_second_return_of_the_first_payment_changes_nothing(back: Returned) -> None:
    house = back.house
    await house.enrol()
    await back.reissued()
    await house.cutoff(TUESDAY_CUTOFF)
    await house.work()
    before = await house.balances(), await house.states()
    house.bank_says("return-again.ach", returns("R02", modifier="B"))
    await house.work()
    assert (await house.balances(), await house.states()) == before


async def test_a_reissue_that_comes_back_is_held_and_may_be_reissued_in_its_turn(back: Returned) -> None:
    house = back.house
    await house.enrol()
    await back.reissued()
    await house.work()
    await house.cutoff(TUESDAY_CUTOFF)
    await house.work()
    house.bank_says("return-2.ach", returns(trace=SECOND_TRACE, modifier="B"))
    await house.work()
    assert await house.states() == {"held:returned": 2}
    assert await house.balances() == {"claims": CENTS, "returned": -CENTS}
    second = (await house.said_of(PaymentSent))[1].payment_id
    assert {one.payment_id for one in await house.said_of(ItemHeld)} == {back.payment_id, second}
    assert (await back.reissued(second)).reason is Reason.ACCOUNT_HELD
    await house.enrol()
    assert (await back.reissued()).reason is Reason.ALREADY_REISSUED
    assert isinstance(await back.reissued(second), PaymentReissued)
    await house.work()
    await house.cutoff(datetime(2026, 11, 25, 20, 0, tzinfo=UTC))
    await house.work()
    assert len(await house.said_of(PaymentSent)) == 3
    assert await house.balances() == {"claims": CENTS, "batched": -CENTS}


async def test_a_changed_account_is_paid_after_it_cooled_off(back: Returned) -> None:
    house = back.house
    payee_id = house.enrolment().payee_id
    change = ChangeAccount(
        payee_id=payee_id,
        speaker="portal",
        sealed_account=house.sealed(payee_id, "555000111", speaker="portal"),
        requested_by="ann",
    )
    (changed,) = await house.hears(change)
    assert (await back.reissued()).reason is Reason.ACCOUNT_HELD
    assert isinstance(changed, AccountChanged)
    token, mask = changed.account_token, changed.account_mask
    await house.hears(
        ConfirmAccount(payee_id=payee_id, account_token=token, account_mask=mask, confirmed_by="bea")
    )
    assert (await back.reissued()).reason is Reason.COOLING_OFF
    house.clock.instant = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
    assert isinstance(await back.reissued(), PaymentReissued)
    await house.work()
    await house.cutoff(datetime(2026, 12, 1, 20, 0, tzinfo=UTC))
    await house.work()
    assert [one.account_token for one in (await house.said_of(PaymentSent))[1:]] == [token]


async def test_what_was_stopped_or_corrected_meanwhile_is_not_paid_again(back: Returned) -> None:
    """The corrected version is live: it alone is paid."""
    house = back.house
    first, second = back.made
    assert [type(one) for one in await house.hears(first.revoked("correction"))] == [ItemStopped]
    await house.approve(5_000, request_id=first.request_id, version=2)
    await house.enrol()
    answer = await back.reissued()
    assert (answer.item_count, answer.amount_cents) == (1, 4_000)
    await house.work()
    await house.cutoff(TUESDAY_CUTOFF)
    await house.work()
    assert {(one.request_id, one.version) for one in (await house.said_of(ItemScheduled))[2:]} == {
        (first.request_id, 2), (second.request_id, 1),
    }  # fmt: skip
    assert await house.balances() == {"claims": 9_000, "batched": -9_000}


async def test_nothing_is_owed_of_a_payment_whose_items_were_all_stopped(back: Returned) -> None:
    for one in back.made:
        await back.house.hears(one.revoked("withdrawal"))
    assert await back.house.balances() == {}
    await back.house.enrol()
    assert (await back.reissued()).reason is Reason.NOTHING_OWED


async def test_a_return_is_reissued_at_once_and_its_items_are_held_first(house: House) -> None:
    await house.payer()
    await house.enrol()
    await house.approve(CENTS)
    await house.pay()
    house.bank_says("return.ach", returns())
    await read_bank_files(house.context)
    await house.enrol()
    ((payment_id,),) = await house.rows("select payment_id from payments")
    order = ReissuePayment(payment_id=payment_id, note="n", actor="ann")
    assert [type(one) for one in await house.hears(order)] == [PaymentReissued]
    assert await house.states() == {"scheduled": 1}
    await house.pool.execute(
        "update follow_ups set stored_at = stored_at - interval '1 h' where kind = 'reissue_items'"
    )
    await work_off_follow_ups(house.context)
    assert await house.states() == {"waiting": 1}
    assert [type(one) for one in await house.said_of(ItemHeld, ItemReleased)] == [ItemHeld, ItemReleased]
    assert await house.said_of(PaymentSettled) == []
