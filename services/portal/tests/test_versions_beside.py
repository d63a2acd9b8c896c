"""What changed between two versions, and what an adjustment means: tables."""

from __future__ import annotations

from typing import Any

import pytest
from portal_stories import example

from portal.plain_words import plain, reason_key
from portal.read_model.standing import who_acts
from portal.texts import catalogue
from portal.tones import state_key, tone_of
from portal.versions_beside import differences
from throughline.lifecycle import TABLE, State, Substatus
from throughline.reasons import Reason
from throughline.requests import PaymentRequest
from throughline.sensitive import Sensitive

FIRST: PaymentRequest = example("SubmissionReceived", "first").request
LINE = FIRST.lines[0]


def with_line(**changed: Any) -> PaymentRequest:
    return FIRST.model_copy(update={"lines": (LINE.model_copy(update=changed), *FIRST.lines[1:])})


CASES: list[tuple[str, PaymentRequest, list[tuple[str, str | None, str | None]]]] = [
    ("nothing", FIRST, []),
    (
        "the total",
        FIRST.model_copy(update={"total_cents": 101}),
        [("total_cents", f"{FIRST.total_cents // 100}.{FIRST.total_cents % 100:02d}", "1.01")],
    ),
    (
        "a line's units",
        with_line(units_thousandths=1500),
        [("units_thousandths", f"{LINE.units_thousandths // 1000}", "1.5")],
    ),
    ("a line's code", with_line(code="A0425"), [("code", LINE.code, "A0425")]),
    (
        "the member",
        FIRST.model_copy(
            update={"subject": FIRST.subject.model_copy(update={"member_id": Sensitive("M-9")})}
        ),
        [("member_id", FIRST.subject.member_id.reveal(), "M-9")],
    ),
]


@pytest.mark.parametrize(("what", "after", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_changed(what: str, after: PaymentRequest, expected: list[Any]) -> None:
    assert [(one.field, one.before, one.after) for one in differences(FIRST, after)] == expected


def test_a_line_that_came_and_one_that_went() -> None:
    other = LINE.model_copy(update={"line_id": "NEW"})
    found = differences(FIRST, FIRST.model_copy(update={"lines": (other,)}))
    whole = {one.line: (one.before is None, one.after is None) for one in found if one.field == "line"}
    assert whole["NEW"] == (True, False) and whole[LINE.line_id] == (False, True)


@pytest.mark.parametrize("code", ["1", "2", "3", "16", "18", "29", "45", "96", "97", "197"])
def test_codes_in_plain_words(code: str) -> None:
    found = plain({"group": "CO", "carc": code, "amount_cents": 100})
    assert found.why == f"adjustments.carc_{code}" and found.why in catalogue("en")


def test_an_unknown_code_is_still_explained() -> None:
    assert plain({"group": "PI", "carc": "B99", "amount_cents": 1}).why == "adjustments.carc_other"
    assert all(f"adjustments.group_{one}" in catalogue("en") for one in ("co", "pr", "pi", "oa"))


def test_every_reason_and_every_state_has_its_words() -> None:
    texts = catalogue("en")
    assert [one for one in Reason if reason_key(one.value) not in texts] == []
    nodes = {node for row in TABLE for node in (*row.come_from, row.to) if node is not None}
    nodes |= {
        (state, ended) for state, _ in nodes if state for ended in (Substatus.WITHDRAWN, Substatus.VOIDED)
    }
    for state, substatus in nodes:
        if state in (None, State.SCHEDULED, State.PAID) and substatus:
            continue
        assert state_key(state, substatus) in texts, (state, substatus)
        assert tone_of(state, substatus) in ("calm", "good", "wait", "bad")
    told = {row.on.__name__ for row in TABLE}
    assert {f"line.{name}" for name in told} - set(texts) == set()


@pytest.mark.parametrize(
    ("state", "substatus", "reason", "who"),
    [
        (State.EXCEPTION, Substatus.NONE, "total_mismatch", "provider"),
        (State.EXCEPTION, Substatus.NONE, "duplicate", "operations"),
        (State.EXCEPTION, Substatus.ON_HOLD, "no_account", "provider"),
        (State.EXCEPTION, Substatus.ON_HOLD, "cooling_off", ""),
        (State.EXCEPTION, Substatus.ON_HOLD, "held_by_order", "operations"),
        (State.EXCEPTION, Substatus.RETURNED, "returned", "provider"),
        (State.EXCEPTION, Substatus.REVERSED, "reversed", "operations"),
        (State.EXCEPTION, Substatus.WITHDRAWN, None, ""),
        (State.IN_REVIEW, Substatus.NONE, "above_tier", "operations"),
        (State.APPROVED, Substatus.NONE, None, ""),
        (State.PAID, Substatus.NONE, None, ""),
    ],
)
def test_who_must_act(state: State, substatus: Substatus, reason: str | None, who: str) -> None:
    assert who_acts(state, substatus, reason) == who
