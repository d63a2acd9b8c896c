"""The same file with another effective entry date: nothing else of it changes, no entry, amount or trace number."""

from __future__ import annotations

from datetime import date

from payout.nacha.fields import day
from payout.nacha.frame import WIDTH

_DATES = slice(63, 75)  # descriptive date and effective entry date, YYMMDD each


def redate(content: bytes, effective: date) -> bytes:
    """A whole file of ours (`FileWriter`), every batch of it dated anew."""
    dates = (day(effective) * 2).encode("ascii")
    lines = content.split(b"\n")
    for at, line in enumerate(lines):
        if line[:1] == b"5" and len(line) == WIDTH:
            lines[at] = line[: _DATES.start] + dates + line[_DATES.stop :]
    return b"\n".join(lines)
