"""How numbers are written for people."""

from __future__ import annotations

import pytest

from portal.shown import Shown


@pytest.mark.parametrize(
    ("thousandths", "text"), [(1000, "1"), (2500, "2.5"), (125, "0.125"), (1_250_000, "1,250"), (0, "0")]
)
def test_units_are_written_without_what_says_nothing(thousandths: int, text: str) -> None:
    assert Shown("en", "America/New_York").units(thousandths) == text
