"""Federal Reserve days, cutoffs over DST changes and holidays, and the dates that follow."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from payout.calendar import (
    Cutoff,
    add_banking_days,
    banking_day_from,
    effective_date,
    is_banking_day,
    last_window,
    next_window,
    return_window_end,
)

NY = ZoneInfo("America/New_York")


def new_york(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=NY)  # type: ignore[misc,arg-type]


AFTERNOON = (Cutoff(time(15, 0)),)
TWO = (Cutoff(time(10, 15), same_day=True), Cutoff(time(15, 0)))

# Frozen from the Federal Reserve's published schedule, so that an update of a library cannot move a past date.
HOLIDAYS = {
    2025: "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25",
    2026: "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25",  # 4 July is a Saturday: not moved
    2027: "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25",  # Juneteenth and Christmas fall on Saturdays
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-23 12-25",  # New Year and Veterans Day on Saturdays
}


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_federal_reserve_days_of_a_year(year: int) -> None:
    closed = set()
    day = date(year, 1, 1)
    while day.year == year:
        if day.weekday() < 5 and not is_banking_day(day):
            closed.add(day.strftime("%m-%d"))
        day += timedelta(days=1)
    assert closed == set(HOLIDAYS[year].split())


def _rule(year: int) -> set[date]:
    """The Federal Reserve's rule computed again, by hand, without a library."""

    def nth(month: int, weekday: int, n: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))

    last_may = max(d for d in (date(year, 5, n) for n in range(25, 32)) if d.weekday() == 0)
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    moved = {d + timedelta(days=1) if d.weekday() == 6 else d for d in fixed}
    floating = {nth(1, 0, 3), nth(2, 0, 3), last_may, nth(9, 0, 1), nth(10, 0, 2), nth(11, 3, 4)}
    return {d for d in moved | floating if d.weekday() < 5}


@pytest.mark.parametrize("year", range(2022, 2036))
def test_the_library_follows_the_rule(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert {d for d in days if d.weekday() < 5 and not is_banking_day(d)} == _rule(year)


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 23), 1, date(2026, 11, 24)),
        (date(2026, 11, 25), 1, date(2026, 11, 27)),  # Thanksgiving between
        (date(2026, 11, 25), 2, date(2026, 11, 30)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),  # from a Saturday
        (date(2026, 12, 24), 1, date(2026, 12, 28)),
        (date(2026, 12, 31), 2, date(2027, 1, 5)),
        (date(2026, 7, 2), 1, date(2026, 7, 3)),  # a Saturday holiday is not moved to Friday
        (date(2028, 2, 28), 1, date(2028, 2, 29)),
        (date(2026, 11, 27), -1, date(2026, 11, 25)),
        (date(2026, 11, 30), -2, date(2026, 11, 25)),
        (date(2026, 11, 29), -1, date(2026, 11, 27)),
    ],
)
def test_banking_days_are_counted(day: date, count: int, expected: date) -> None:
    assert add_banking_days(day, count) == expected


def test_the_return_window_ends_on_the_second_banking_day() -> None:
    assert return_window_end(date(2026, 11, 24)) == date(2026, 11, 27)
    assert return_window_end(date(2026, 11, 27)) == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("local", "last", "upcoming"),
    [
        (new_york(2026, 11, 23, 14, 59, 59), "2026-11-20T1500", "2026-11-23T1500"),
        (new_york(2026, 11, 23, 15, 0, 0), "2026-11-23T1500", "2026-11-24T1500"),
        (new_york(2026, 11, 26, 16, 0), "2026-11-25T1500", "2026-11-27T1500"),
        (new_york(2026, 11, 29, 3, 0), "2026-11-27T1500", "2026-11-30T1500"),
        (new_york(2026, 12, 31, 23, 59, 59), "2026-12-31T1500", "2027-01-04T1500"),
    ],
)  # fmt: skip
def test_a_window_closes_at_its_cutoff(local: datetime, last: str, upcoming: str) -> None:
    assert last_window(AFTERNOON, local).id == last
    assert next_window(AFTERNOON, local).id == upcoming


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2026, 3, 6), time(20, 0)),  # standard time: five hours behind
        (date(2026, 3, 9), time(19, 0)),  # after the change of 8 March: four
        (date(2026, 10, 30), time(19, 0)),
        (date(2026, 11, 2), time(20, 0)),  # after the change of 1 November
    ],
)
def test_a_cutoff_is_local_time_across_a_change_of_clocks(day: date, utc: time) -> None:
    window = last_window(AFTERNOON, datetime.combine(day, time(23, 0), UTC))
    assert window.day == day
    assert window.closes_at == datetime.combine(day, utc, UTC)


def test_the_evening_in_utc_is_still_the_same_day_in_new_york() -> None:
    assert last_window(AFTERNOON, datetime(2026, 11, 24, 3, 0, tzinfo=UTC)).id == "2026-11-23T1500"


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (new_york(2026, 11, 23, 10, 15), date(2026, 11, 23)),  # same-day window
        (new_york(2026, 11, 23, 10, 24), date(2026, 11, 23)),
        (new_york(2026, 11, 23, 10, 25), date(2026, 11, 24)),  # we were down: the bank takes no more for today
        (new_york(2026, 11, 23, 15, 0), date(2026, 11, 24)),
        (new_york(2026, 11, 23, 23, 59), date(2026, 11, 24)),
        (new_york(2026, 11, 25, 15, 0), date(2026, 11, 27)),
        (new_york(2026, 11, 24, 8, 0), date(2026, 11, 25)),  # Monday's window closed late, on Tuesday
        (new_york(2026, 11, 28, 9, 0), date(2026, 11, 30)),  # Friday's window closed on Saturday
    ],
)  # fmt: skip
def test_the_effective_date_is_a_banking_day_that_has_not_passed(local: datetime, expected: date) -> None:
    assert effective_date(last_window(TWO, local), local) == expected


def test_five_years_of_windows_have_dates_in_order() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    end = datetime(2029, 1, 1, tzinfo=UTC)
    seen = set()
    while (window := next_window(TWO, now)).closes_at < end:
        assert window.id not in seen
        seen.add(window.id)
        assert window.closes_at > now
        assert last_window(TWO, window.closes_at) == window
        day = effective_date(window, window.closes_at)
        assert is_banking_day(window.day) and is_banking_day(day)
        assert day == window.day if window.same_day else day == add_banking_days(window.day, 1)
        now = window.closes_at
    assert len(seen) == 2 * sum(is_banking_day(date(2024, 1, 1) + timedelta(days=n)) for n in range(1827))


def test_a_banking_day_is_itself() -> None:
    assert banking_day_from(date(2026, 11, 23)) == date(2026, 11, 23)
    assert banking_day_from(date(2026, 11, 26)) == date(2026, 11, 27)
