"""Money, times and names as people read them."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

NEW_YORK = ZoneInfo("America/New_York")
PIPE_WIDTH = 160
"""Characters of a line where the output goes to a file or another program, so that no id is folded."""


def _console(*, stderr: bool = False) -> Console:
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPE_WIDTH
    return made


console = _console()
complaints = _console(stderr=True)


def say(sentence: str) -> None:
    """A sentence with markup, never broken: addresses, ids and commands in it can be copied."""
    console.print(sentence, soft_wrap=True)


def complain(sentence: str, fix: str = "") -> None:
    """What went wrong, on stderr, as it is: brackets in it are no markup."""
    complaints.print(f"[red]{escape(sentence)}[/]", soft_wrap=True)
    if fix:
        complaints.print(escape(fix), soft_wrap=True)


def counted(count: int, one: str, many: str = "") -> str:
    """``1 window``, ``2 windows``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def instant(at: datetime) -> str:
    """``Mon 16 Nov 2026 10:00 in New York (15:00 UTC)``: banks and cutoffs live in New York."""
    there = at.astimezone(NEW_YORK)
    return f"{there:%a %d %b %Y %H:%M} in New York ({at.astimezone(UTC):%H:%M} UTC)"


def day(on: date) -> str:
    return f"{on:%a %d %b %Y}"


def moment(at: datetime) -> str:
    """A moment of real time, to the millisecond, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"
