"""Which holds let a withdrawal win that came too late: those after which nothing of the item is at the bank."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from throughline.items import ItemHeld
from throughline.message import Message
from throughline.reasons import Reason
from validation.domain import State
from validation.history import Request, Version
from validation.on_item_held import after_coming_back
from validation.testing import received

DECISION, EVENT = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("reason", "asks"),
    [
        (Reason.RETURNED, True),
        (Reason.REFUSED_BY_BANK, True),
        (Reason.REVERSED, True),
        (Reason.NO_ACCOUNT, True),
        (Reason.ACCOUNT_HELD, True),
        (Reason.COOLING_OFF, True),
        (Reason.HELD_BY_ORDER, False),
    ],
)
def test_payout_is_asked_once_more_to_stop_what_came_to_nothing(reason: Reason, asks: bool) -> None:
    first = Version(
        received(),
        datetime(2026, 11, 23, tzinfo=UTC),
        State.FINAL,
        decision_id=DECISION,
        stop_cause="withdrawal",
    )
    request = Request(first.submission.request_id, {1: first})
    said: list[Message] = []

    def say(event: Message, key: str) -> UUID:
        said.append(event)
        return EVENT

    held = ItemHeld(
        request_id=request.request_id, version=1, decision_id=DECISION, reason=reason, payment_id=UUID(int=3)
    )
    heard: Any = SimpleNamespace(message=held)
    work: Any = SimpleNamespace(requests={request.request_id: request})
    to_say: Any = say
    after_coming_back(heard, work, to_say)
    assert [getattr(one, "cause", None) for one in said] == (["withdrawal"] if asks else [])
    assert first.state is (State.STOPPING if asks else State.FINAL)
