"""Business time is moved on, never back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from throughline_cli.clock import duration_of, read_clock, set_clock, start_clock
from throughline_cli.errors import Problem

START = datetime(2026, 11, 16, 15, tzinfo=UTC)


def test_it_stands_where_it_was_set(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    start_clock(file, START)
    set_clock(file, START + timedelta(hours=2))
    assert read_clock(file) == START + timedelta(hours=2)


def test_it_is_never_moved_back(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    start_clock(file, START)
    with pytest.raises(Problem, match="back"):
        set_clock(file, START - timedelta(seconds=1))
    assert read_clock(file) == START


def test_a_stack_without_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="not a sandbox clock"):
        read_clock(tmp_path / "clock.json")


@pytest.mark.parametrize(("text", "hours"), [("90m", 1.5), ("36h", 36), ("2d", 48), ("1w", 168)])
def test_durations(text: str, hours: float) -> None:
    assert duration_of(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "d", "2", "2y", "-1d", "1.5h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="not a duration"):
        duration_of(text)
