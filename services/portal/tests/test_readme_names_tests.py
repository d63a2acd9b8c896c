"""Every row of the bad-input catalogue in the README names tests that are there, and H1 to H25 each stand in a row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2]
README = SERVICES / "portal" / "README.md"
ROW = re.compile(r"^\| (H\d+(?:, H\d+)*) \|([^|]+)\|([^|]+)\|$", re.MULTILINE)
ROWS = ROW.findall(README.read_text("utf-8"))


def named_in(cell: str) -> list[Path]:
    """A cell names tests of the portal, or of the service before the apostrophe."""
    return [
        SERVICES / (service or "portal") / "tests" / name
        for part in cell.split(";")
        for service in [("".join(re.findall(r"(\w+)'s", part)))]
        for name in re.findall(r"`(test_\w+\.py)`", part)
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[2].strip()[:40]}")
def test_the_tests_of_a_row_are_there(row: tuple[str, str, str]) -> None:
    found = named_in(row[2])
    assert found and all(one.is_file() for one in found), found


def test_every_number_stands_in_a_row() -> None:
    named = {number for row in ROWS for number in row[0].split(", ")}
    assert named == {f"H{number}" for number in range(1, 26)}
