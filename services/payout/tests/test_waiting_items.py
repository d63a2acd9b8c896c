"""Approved items: where they start, how they are stopped, held and released, and what commands are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from payout.domain import Item, ItemState, can_stop, decide_approved, refuse_hold, refuse_release
from throughline.decisions import CommandRefused
from throughline.items import ItemHeld, ItemReleased, ItemStopped, ItemTooLate
from throughline.orders import HoldItem, ReleaseItem
from throughline.reasons import Reason

if TYPE_CHECKING:
    from conftest import House


def item(state: ItemState, reason: Reason | None = None, cents: int = 100) -> Item:
    return Item(uuid4(), uuid4(), 1, "acme", uuid4(), cents, state, reason)


WAITING, HELD = item(ItemState.WAITING), item(ItemState.HELD, Reason.NO_ACCOUNT)
RETURNED = item(ItemState.HELD, Reason.RETURNED)
SCHEDULED, STOPPED = item(ItemState.SCHEDULED), item(ItemState.STOPPED)
UNPAID = item(ItemState.UNPAID, cents=0)


@pytest.mark.parametrize(
    ("cents", "others", "expected"),
    [
        (100, [], (ItemState.WAITING, None)),
        (0, [], (ItemState.UNPAID, None)),
        (100, [STOPPED, UNPAID], (ItemState.WAITING, None)),
        (100, [WAITING], (ItemState.HELD, Reason.RECOVERY_NEEDED)),
        (100, [SCHEDULED], (ItemState.HELD, Reason.RECOVERY_NEEDED)),
        (100, [RETURNED], (ItemState.HELD, Reason.RECOVERY_NEEDED)),
    ],
)
def test_where_an_item_starts(cents: int, others: list[Item], expected: Any) -> None:
    assert decide_approved(cents, others) == expected


@pytest.mark.parametrize(
    ("one", "stoppable", "hold", "release"),
    [
        (WAITING, True, None, Reason.NOT_ALLOWED_NOW),
        (HELD, True, None, None),
        (RETURNED, True, Reason.NOT_ALLOWED_NOW, Reason.NOT_ALLOWED_NOW),
        (SCHEDULED, False, Reason.TOO_LATE, Reason.NOT_ALLOWED_NOW),
        (STOPPED, True, Reason.ALREADY_ENDED, Reason.NOT_ALLOWED_NOW),
        (UNPAID, False, Reason.ALREADY_ENDED, Reason.NOT_ALLOWED_NOW),
        (None, False, Reason.UNKNOWN_SUBJECT, Reason.UNKNOWN_SUBJECT),
    ],
)
def test_what_may_be_asked_of_an_item(
    one: Item | None, stoppable: bool, hold: Reason | None, release: Reason | None
) -> None:
    assert can_stop(one) is stoppable
    assert refuse_hold(one) is hold
    assert refuse_release(one, []) is release
    if one is HELD:
        assert refuse_release(one, [SCHEDULED]) is Reason.RECOVERY_NEEDED


async def test_an_approval_waits_and_says_nothing(house: House) -> None:
    made = await house.approve(12_345)
    assert await house.hears(made.message, ids=[made.decision_id]) == []  # heard again
    assert await house.states() == {"waiting": 1}
    assert await house.balances() == {"claims": 12_345, "approved": -12_345}


async def test_what_is_priced_to_zero_is_never_paid_and_never_stopped(house: House) -> None:
    made = await house.approve(0)
    assert await house.states() == {"unpaid": 1}
    (answer,) = await house.hears(made.revoked())
    assert isinstance(answer, ItemTooLate) and answer.payment_id is None


async def test_a_waiting_item_is_stopped_once(house: House) -> None:
    made = await house.approve(5_000)
    (answer,) = await house.hears(made.revoked("void"))
    assert isinstance(answer, ItemStopped) and answer.cause == "void"
    assert await house.states() == {"stopped": 1}
    assert await house.balances() == {}
    assert [type(one) for one in await house.hears(made.revoked("void"))] == [ItemStopped]
    assert await house.rows("select count(*) from journal") == [(2,)]


async def test_a_revocation_of_an_unknown_decision_is_too_late(house: House) -> None:
    made = await house.approve()
    made.decision_id = uuid4()
    assert [type(one) for one in await house.hears(made.revoked())] == [ItemTooLate]
    assert await house.states() == {"waiting": 1}


async def test_a_new_version_is_held_while_the_old_one_may_be_paid(house: House) -> None:
    first = await house.approve(5_000)
    second = await house.approve(6_000, request_id=first.request_id, version=2)
    assert await house.states() == {"waiting": 1, "held:recovery_needed": 1}
    release = ReleaseItem(request_id=first.request_id, version=2, note="go", actor="ann")
    (refused,) = await house.hears(release)
    assert isinstance(refused, CommandRefused) and refused.reason is Reason.RECOVERY_NEEDED
    await house.hears(first.revoked("correction"))
    (released,) = await house.hears(release)
    assert isinstance(released, ItemReleased) and released.decision_id == second.decision_id
    assert await house.states() == {"stopped": 1, "waiting": 1}


async def test_an_operator_holds_and_releases(house: House) -> None:
    made = await house.approve()
    (held,) = await house.hears(HoldItem(request_id=made.request_id, version=1, note="look", actor="ann"))
    assert isinstance(held, ItemHeld) and held.reason is Reason.HELD_BY_ORDER
    await house.payer()
    await house.enrol()
    await house.cutoff()
    assert await house.states() == {"held:held_by_order": 1}
    (released,) = await house.hears(
        ReleaseItem(request_id=made.request_id, version=1, note="fine", actor="bea")
    )
    assert isinstance(released, ItemReleased) and released.reason is Reason.HELD_BY_ORDER
    assert await house.states() == {"waiting": 1}


async def test_many_decisions_are_one_slice_without_a_query_each(house: House) -> None:
    messages = [house.approved(100 + n) for n in range(300)]
    await house.hears(*messages)
    assert await house.states() == {"waiting": 300}
    assert await house.rows("select count(*), sum(cents)::bigint from journal") == [
        (1, sum(100 + n for n in range(300)))
    ]
