"""Every order on every state: what the lifecycle's table names is carried out, all else is refused by an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis import Heard, Say, Signer, testing
from chassis.topics import TopicMap
from payout import (
    on_hold_batch,
    on_hold_item,
    on_reissue_payment,
    on_release_batch,
    on_release_item,
    on_reverse_payment,
)
from payout.batches import OrderedBatch
from payout.believed import believed
from payout.domain import AccountState, Item, ItemState, OrderedPayment, Payable
from payout.orders_work import OrdersWork
from throughline.decisions import CommandRefused
from throughline.items import ItemHeld, ItemReleased
from throughline.lifecycle_states import (
    APPROVED,
    IN_REVIEW,
    ON_HOLD,
    PAID,
    RETURNED,
    REVERSED,
    SCHEDULED,
    STOPPED,
    UNRELEASED,
    Node,
)
from throughline.lifecycle_table import TABLE
from throughline.message import Message
from throughline.orders import HoldBatch, HoldItem, ReissuePayment, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.payments import BatchHeld, BatchReleased, PaymentReissued, ReversalOrdered
from throughline.reasons import Reason

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
SUBJECT, DECISION, PAYEE = uuid4(), uuid4(), uuid4()
PERSON = Signer(uuid4(), uuid4(), "releaser", "passkey", True, frozenset())
ACTOR = str(PERSON.person_id)
READY = Payable("t", "m", AccountState.ACTIVE, TODAY, False)
DECIDE: dict[type[Message], Callable[..., None]] = {
    HoldItem: on_hold_item.hold,
    ReleaseItem: on_release_item.release,
    HoldBatch: on_hold_batch.hold_batch,
    ReleaseBatch: on_release_batch.release_batch,
    ReissuePayment: on_reissue_payment.reissue,
    ReversePayment: on_reverse_payment.reverse,
}


class Work(OrdersWork):
    """In memory, with a bank whose next file is of tomorrow."""

    def next_effective(self, bank: str) -> date | None:
        return TODAY + timedelta(days=1)


def item(state: ItemState, reason: Reason | None = None, **changes: Any) -> Item:
    return Item(DECISION, SUBJECT, 1, "acme", PAYEE, 10_000, state, reason, **changes)


def payment(state: str, **changes: Any) -> OrderedPayment:
    settled = TODAY - timedelta(days=1) if state in ("settled", "returned", "reversed") else None
    made = OrderedPayment(SUBJECT, PAYEE, state, False, 1, 10_000, "bank", 10_000, settled)
    return replace(made, **changes)


def batch(state: str, **changes: Any) -> OrderedBatch:
    was_intended = state in ("intended", "unknown", "delivered", "acknowledged", "refused")
    made = OrderedBatch(
        *(SUBJECT, "bank", "w", state, 3, 10_000, TODAY, TODAY, NOW + timedelta(hours=1), was_intended),
        *("somebody else" if state == "held" else None, None),
    )
    return replace(made, **changes)


OTHER_LIVES = Item(uuid4(), SUBJECT, 2, "acme", PAYEE, 5_000, ItemState.WAITING)
ITEMS: dict[str, tuple[tuple[Item, ...], tuple[Node, ...]]] = {
    "waiting": ((item(ItemState.WAITING),), (APPROVED,)),
    "held by order": ((item(ItemState.HELD, Reason.HELD_BY_ORDER),), (ON_HOLD,)),
    "held without account": ((item(ItemState.HELD, Reason.NO_ACCOUNT),), (ON_HOLD,)),
    "held while the account cools off": ((item(ItemState.HELD, Reason.COOLING_OFF),), (ON_HOLD,)),
    "refused by the bank": ((item(ItemState.HELD, Reason.REFUSED_BY_BANK),), (ON_HOLD,)),
    "held for an older version": ((item(ItemState.HELD, Reason.RECOVERY_NEEDED),), ()),
    "beside a live version": ((item(ItemState.HELD, Reason.RECOVERY_NEEDED), OTHER_LIVES), ()),
    "returned": ((item(ItemState.HELD, Reason.RETURNED, came_back=True),), (RETURNED,)),
    "reversed": ((item(ItemState.HELD, Reason.REVERSED, came_back=True),), (REVERSED,)),
    "scheduled, sent or paid": ((item(ItemState.SCHEDULED, payment_id=uuid4()),), (SCHEDULED, UNRELEASED, PAID)),
    "stopped": ((item(ItemState.STOPPED),), (IN_REVIEW, *STOPPED)),
    "of no money": ((replace(item(ItemState.UNPAID), cents=0),), (PAID,)),
    "unknown": ((), ()),
}  # fmt: skip
PAYMENTS: dict[str, tuple[OrderedPayment | None, tuple[Node, ...]]] = {
    "in a batch": (payment("scheduled"), (SCHEDULED,)),
    "sent": (payment("sent"), (SCHEDULED,)),
    "settled": (payment("settled"), (PAID,)),
    "settled too long ago": (payment("settled", settled_on=TODAY - timedelta(days=30)), ()),
    "being taken back": (payment("settled", has_reversal=True), ()),
    "not taken back: no file took it": (
        payment("settled", has_reversal=True, reversal_failure="window_missed"), (PAID,)
    ),
    "not taken back: the bank gave it back": (
        payment("settled", has_reversal=True, reversal_failure="returned"), ()
    ),
    "refused by the bank": (payment("refused"), (ON_HOLD,)),
    "returned": (payment("returned"), (RETURNED,)),
    "returned and paid again": (payment("returned", reissued=True), ()),
    "returned and nothing of it owed": (payment("returned", owed_count=0, owed_cents=0), ()),
    "reversed": (payment("reversed", has_reversal=True), (REVERSED,)),
    "unknown": (None, ()),
}  # fmt: skip
BATCHES: dict[str, tuple[OrderedBatch | None, tuple[Node, ...]]] = {
    "awaiting": (batch("awaiting"), (UNRELEASED,)),
    "held": (batch("held"), (UNRELEASED,)),
    "built": (batch("built"), (SCHEDULED,)),
    "released": (batch("released"), (SCHEDULED,)),
    "sent again, in doubt once": (batch("built", was_intended=True), ()),
    **{one: (batch(one), ()) for one in ("intended", "unknown", "delivered", "acknowledged", "refused")},
    "of reversals alone": (batch("built", payment_count=0, reversal_count=1), ()),
    "empty": (batch("empty", payment_count=0, total_cents=0), ()),
    "unknown to us": (None, ()),
}

ORDERS: dict[str, tuple[type[Message], str, type[Message]]] = {
    "HoldItem": (HoldItem, "13", ItemHeld),
    "ReleaseItem": (ReleaseItem, "13a", ItemReleased),
    "ReissuePayment": (ReissuePayment, "24", ItemReleased),
    "ReversePayment": (ReversePayment, "22", ReversalOrdered),
    "HoldBatch": (HoldBatch, "12a", BatchHeld),
    "ReleaseBatch": (ReleaseBatch, "12a", BatchReleased),
}
"""Each order's row of the workflow, and the event that the row is on."""
ANSWERS: dict[type[Message], type[Message]] = {ReissuePayment: PaymentReissued}
"""What is said at once, where it is another: a reissue's items wait again in transactions of their own."""
AGAIN = {("HoldItem", ON_HOLD)}
"""Where the table's row leaves it as it stands, an order may be given all the same: it is held for another reason. Rows
that else leave it so take late news."""
NOT_AGAIN = {("HoldBatch", "held")}
"""Whoever held it stays who may not release it."""
BESIDE_THE_TABLE = {("ReleaseItem", "held for an older version")}
"""On hold too, and released by order once no other version is live."""


def by_table(order: str, state: str, nodes: tuple[Node, ...]) -> bool:
    _, number, event = ORDERS[order]
    if (order, state) in BESIDE_THE_TABLE:
        return True
    rows = [row for row in TABLE if row.owner == "payout" and (row.number, row.on) == (number, event)]
    named = any(
        node in row.come_from and (row.to is not None or (order, node) in AGAIN)
        for row in rows
        for node in nodes
    )
    return named and (order, state) not in NOT_AGAIN


def command(order: str, **changes: Any) -> Message:
    values: dict[str, Any] = {"note": "n", "actor": ACTOR, **changes}
    match order:
        case "HoldItem" | "ReleaseItem":
            values.update(request_id=SUBJECT, version=1)
        case "ReissuePayment":
            values.update(payment_id=SUBJECT, amount_cents=10_000, account_mask="m")
        case "ReversePayment":
            values.update(payment_id=SUBJECT, cause="duplicate")
        case "HoldBatch":
            values.update(batch_id=SUBJECT)
        case _:
            values.update(batch_id=SUBJECT, total_cents=10_000, entry_count=3)
    return ORDERS[order][0](**values)


class Stage:
    """One thing in one state, and what is said when somebody orders."""

    def __init__(self, order: str, state: str) -> None:
        self.items = tuple(replace(one) for one in ITEMS[state][0]) if order.endswith("Item") else ()
        paid = PAYMENTS[state][0] if order.endswith("Payment") else None
        self.payment = None if paid is None else replace(paid)
        closed = BATCHES[state][0] if order.endswith("Batch") else None
        self.batch = None if closed is None else replace(closed)
        self.work = Work(self.items, NOW, "slice", TODAY, [] if self.payment is None else [self.payment])
        self.work._accounts = {PAYEE: READY}
        self.work._batches = {} if self.batch is None else {self.batch.batch_id: self.batch}

    @property
    def stands(self) -> str:
        """As text, so that it is no longer the thing itself."""
        return repr((self.items, self.payment, self.batch))

    def hears(self, order: Message, signer: Signer | Reason = PERSON) -> list[Message]:
        say = Say(TopicMap("payout"))
        heard: Heard[Any] = replace(testing.heard(order, str(SUBJECT), topic="orders"), signer=signer)
        say.hearing(heard)
        believed(DECIDE[type(order)])(heard, self.work, say)
        return [one.message for one in say.said]


def states_of(order: str) -> dict[str, tuple[Any, tuple[Node, ...]]]:
    kinds: dict[str, Any] = {"Item": ITEMS, "Payment": PAYMENTS, "Batch": BATCHES}
    return next(states for kind, states in kinds.items() if order.endswith(kind))


EVERY = [(order, state) for order in ORDERS for state in states_of(order)]


@pytest.mark.parametrize(("order", "state"), EVERY)
def test_an_order_is_carried_out_where_the_table_names_it_and_refused_everywhere_else(
    order: str, state: str
) -> None:
    """Refused by exactly one event, nothing changed; or carried out, and said."""
    stage = Stage(order, state)
    before = stage.stands
    said = stage.hears(command(order))
    kind, _, event = ORDERS[order]
    if by_table(order, state, states_of(order)[state][1]):
        assert [type(one) for one in said] == [ANSWERS.get(kind, event)]
        assert stage.stands != before or state == "held by order", "said, and not done"
    else:
        assert [type(one) for one in said] == [CommandRefused] and stage.stands == before
        assert isinstance(said[0], CommandRefused) and said[0].detail
        assert said[0].reason is not Reason.UNKNOWN_SUBJECT or state.startswith("unknown")


@pytest.mark.parametrize(("order", "state"), EVERY)
def test_nothing_is_done_for_who_is_not_believed_or_says_nothing(order: str, state: str) -> None:
    for signer, note, reason in (
        (Reason.ROLE_MISSING, "n", Reason.ROLE_MISSING),
        (PERSON, " \u200b\n", Reason.NOTE_BLANK),
    ):
        stage = Stage(order, state)
        before = stage.stands
        (refused,) = stage.hears(command(order, note=note), signer)
        assert isinstance(refused, CommandRefused) and refused.reason is reason
        assert stage.stands == before


@pytest.mark.parametrize("order", ORDERS)
def test_the_table_names_every_order_somewhere(order: str) -> None:
    found = {by_table(order, state, nodes) for state, (_, nodes) in states_of(order).items()}
    assert found == {True, False}


def test_every_state_that_is_stored_stands_in_the_tables() -> None:
    assert {one.state for items, _ in ITEMS.values() for one in items} == {*ItemState}
    assert {one.state for one, _ in PAYMENTS.values() if one} == {
        "scheduled", "sent", "settled", "returned", "refused", "reversed",
    }  # fmt: skip
    assert {one.state for one, _ in BATCHES.values() if one} == {
        "empty", "awaiting", "held", "released", "built", "intended", "unknown", "delivered", "acknowledged", "refused",
    }  # fmt: skip
