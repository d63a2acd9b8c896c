"""What a person is told to expect, by situation. It is Monday, November 23, 2026; Thursday is Thanksgiving."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from portal.banking_days import Cutoff, add_banking_days, is_banking_day, next_cutoff
from portal.what_next import Known, Next, what_next
from throughline.lifecycle import State, Substatus

AFTERNOON = (Cutoff(time(15, 0)),)
TWO = (Cutoff(time(10, 0), same_day=True), Cutoff(time(15, 0)))
MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 10:00 in New York
MONDAY_LATE = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # 15:00: the cutoff has passed
WEDNESDAY_LATE = datetime(2026, 11, 25, 20, 1, tzinfo=UTC)
CLOSES_MONDAY = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
CLOSES_TUESDAY = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
CLOSES_FRIDAY = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def day(number: int, month: int = 11) -> date:
    return date(2026, month, number)


HOLD, RETURNED, MISMATCH = Substatus.ON_HOLD, Substatus.RETURNED, Substatus.MISMATCH
CASES: list[tuple[str, Known, datetime, Next]] = [
    ("checks run at once", Known(State.SUBMITTED), MONDAY, Next("checks", "checks", day(23), None, day(24))),
    (
        "a person decides: no date",
        Known(State.IN_REVIEW),
        MONDAY,
        Next("review", "reviewer", paid_on=day(24)),
    ),
    (
        "approved in the morning: today's file, money tomorrow",
        Known(State.APPROVED, paid_cents=100),
        MONDAY,
        Next("next_file", "cutoff", day(23), CLOSES_MONDAY, day(24)),
    ),
    (
        "at the cutoff itself it is tomorrow's file",
        Known(State.APPROVED, paid_cents=100),
        MONDAY_LATE,
        Next("next_file", "cutoff", day(24), CLOSES_TUESDAY, day(25)),
    ),
    (
        "over Thanksgiving and the weekend",
        Known(State.APPROVED, paid_cents=100),
        WEDNESDAY_LATE,
        Next("next_file", "cutoff", day(27), CLOSES_FRIDAY, day(30)),
    ),
    (
        "approved, and the account becomes payable on Friday",
        Known(State.APPROVED, paid_cents=100, account_payable_from=day(27)),
        MONDAY,
        Next("next_file", "cutoff", day(27), CLOSES_FRIDAY, day(30)),
    ),
    ("priced to zero", Known(State.APPROVED, paid_cents=0), MONDAY, Next("explain_zero", "remittance")),
    ("in a batch, not yet in a file", Known(State.SCHEDULED), MONDAY, Next("send_file", "bank_file")),
    (
        "settles on the entry's date",
        Known(State.SCHEDULED, effective_date=day(24)),
        MONDAY,
        Next("settle", "settlement", day(24), None, day(24)),
    ),
    (
        "the day after is not late: the statement may still come",
        Known(State.SCHEDULED, effective_date=day(20)),
        MONDAY,
        Next("settle", "settlement", day(20), None, day(20)),
    ),
    (
        "two banking days after, it is",
        Known(State.SCHEDULED, effective_date=day(19)),
        MONDAY,
        Next("settle", "settlement", day(19), None, day(19), late=True),
    ),
    (
        "settled and not yet explained",
        Known(State.SCHEDULED, effective_date=day(20), settled_on=day(20)),
        MONDAY,
        Next("explain", "remittance", day(20), None, day(20)),
    ),
    (
        "paid, and may still come back today",
        Known(State.PAID, settled_on=day(19), return_window_ends_on=day(23)),
        MONDAY,
        Next("return_window", "return_window", day(23), None, day(19)),
    ),
    (
        "paid, and it stays",
        Known(State.PAID, settled_on=day(18), return_window_ends_on=day(20)),
        MONDAY,
        Next("done", "nothing", paid_on=day(18)),
    ),
    ("awaiting release", Known(State.SCHEDULED, HOLD), MONDAY, Next("release_batch", "operations")),
    ("something to mend", Known(State.EXCEPTION, reason="total_mismatch"), MONDAY, Next("fix", "provider")),
    ("a duplicate", Known(State.EXCEPTION, reason="duplicate"), MONDAY, Next("duplicate", "operations")),
    (
        "the original was paid",
        Known(State.EXCEPTION, reason="recovery_needed"),
        MONDAY,
        Next("recovery", "operations"),
    ),
    (
        "no account",
        Known(State.EXCEPTION, HOLD, reason="no_account"),
        MONDAY,
        Next("enrol_account", "provider"),
    ),
    (
        "cooling off",
        Known(State.EXCEPTION, HOLD, reason="cooling_off", account_payable_from=day(1, 12)),
        MONDAY,
        Next("cooling_off", "cooling_off", day(1, 12), None, day(2, 12)),
    ),
    ("held", Known(State.EXCEPTION, HOLD, reason="held_by_order"), MONDAY, Next("release", "operations")),
    (
        "returned",
        Known(State.EXCEPTION, RETURNED, reason="returned"),
        MONDAY,
        Next("mend_account", "provider"),
    ),
    ("sums differ", Known(State.EXCEPTION, MISMATCH), MONDAY, Next("reconcile", "operations")),
    ("denied", Known(State.IN_REVIEW, Substatus.DENIED), MONDAY, Next("ended", "nothing")),
    ("nothing heard of its submission yet", Known(None), MONDAY, Next("unknown", "checks")),
]


@pytest.mark.parametrize(("situation", "known", "now", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_happens_next(situation: str, known: Known, now: datetime, expected: Next) -> None:
    assert what_next(known, now, AFTERNOON) == expected


def test_every_state_and_reason_has_an_answer() -> None:
    from throughline.reasons import Reason

    for state in (*State, None):
        for substatus in Substatus:
            for reason in (*(one.value for one in Reason), None):
                assert what_next(Known(state, substatus, reason), MONDAY, AFTERNOON).what
                assert what_next(Known(state, substatus, reason), MONDAY, ()).what


def test_a_same_day_window_settles_that_day() -> None:
    early = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    found = next_cutoff(TWO, early)
    assert found is not None and (found.closes_at.hour, found.settles_on) == (15, day(23))
    later = next_cutoff(TWO, MONDAY)
    assert later is not None and later.settles_on == day(24)


def test_holidays_are_the_federal_reserves() -> None:
    assert not is_banking_day(date(2026, 11, 26))
    assert not is_banking_day(date(2023, 1, 2)), "a Sunday holiday moves to Monday"
    assert is_banking_day(date(2021, 12, 31)), "a Saturday holiday is not moved"
    assert add_banking_days(date(2026, 11, 25), 2) == date(2026, 11, 30)
