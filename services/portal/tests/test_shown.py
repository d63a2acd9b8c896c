"""How numbers are written for people."""

from __future__ import annotations

from datetime import date

import pytest

from portal.shown import Shown


@pytest.mark.parametrize(
    ("thousandths", "text"), [(1000, "1"), (2500, "2.5"), (125, "0.125"), (1_250_000, "1,250"), (0, "0")]
)
def test_units_are_written_without_what_says_nothing(thousandths: int, text: str) -> None:
    assert Shown("en", "America/New_York").units(thousandths) == text


@pytest.mark.parametrize(
    ("last", "text"),
    [
        (date(2026, 11, 13), "Nov 11, 2026 – Nov 13, 2026"),
        (date(2026, 11, 11), "Nov 11, 2026"),
        (None, "Nov 11, 2026"),
    ],
)
def test_days_are_written_once_where_first_and_last_are_one(last: date | None, text: str) -> None:
    assert Shown("en", "America/New_York").days(date(2026, 11, 11), last) == text
