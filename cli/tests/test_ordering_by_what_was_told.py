"""An order of the terminal binds what the topics show: the version of an item, the sum and account of a payment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from throughline.accounts import AccountChanged, AccountVerified
from throughline.items import ItemHeld
from throughline.message import Message
from throughline.payments import PaymentSent
from throughline.reasons import Reason
from throughline_cli.errors import Problem
from throughline_cli.item_commands import version_of
from throughline_cli.order_commands import as_sent
from throughline_cli.witness import Record

AT = datetime(2026, 11, 23, 20, tzinfo=UTC)
PAYMENT, PAYEE, REQUEST = UUID(int=1), UUID(int=2), UUID(int=3)


def told(*messages: Message) -> Sequence[Record]:
    return [Record("t", 0, offset, "k", AT, None, message) for offset, message in enumerate(messages)]


def sent() -> PaymentSent:
    known: dict[str, Any] = {
        "payment_id": PAYMENT, "payee_id": PAYEE, "payee_name": "OAKWOOD", "amount_cents": 700, "account_mask": "••••1",
    }  # fmt: skip
    return PaymentSent.model_construct(**known)


def verified(mask: str, payee: UUID = PAYEE) -> AccountVerified:
    return AccountVerified(
        payee_id=payee, account_token="t", account_mask=mask, payable_from=date(2026, 11, 24)
    )


def changed(mask: str) -> AccountChanged:
    return AccountChanged(payee_id=PAYEE, account_token="t", account_mask=mask, previous_token="s")


@pytest.mark.parametrize(
    ("accounts", "mask"),
    [
        ((), "••••1"),
        ((verified("••••2"),), "••••2"),
        ((verified("••••2"), verified("••••3"), verified("••••9", UUID(int=7))), "••••3"),
        ((verified("••••2"), changed("••••4")), "••••2"),
    ],
    ids=["none told since", "verified", "the last of this payee", "a change that nobody confirmed"],
)
def test_a_payment_again_names_its_sum_and_the_account_of_now(
    accounts: tuple[Message, ...], mask: str
) -> None:
    payment, now = as_sent(told(sent(), *accounts), PAYMENT)
    assert (payment.amount_cents, now) == (700, mask)


def test_an_unknown_payment_is_a_problem() -> None:
    with pytest.raises(Problem, match="No payment"):
        as_sent(told(sent()), UUID(int=9))


def test_an_order_about_an_item_is_about_its_last_version() -> None:
    held = [
        ItemHeld(request_id=REQUEST, version=version, decision_id=UUID(int=5), reason=Reason.HELD_BY_ORDER)
        for version in (2, 1)
    ]
    assert version_of(told(*held), REQUEST, ItemHeld) == 2
    with pytest.raises(Problem, match="was held"):
        version_of(told(*held), UUID(int=9), ItemHeld)
