"""What time a form bills of its subject, and how much of it two forms share. Pure.

Two requests for the same subject and period are duplicates where their time overlaps; visits that only touch are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from throughline.packs.form import MINUTES_OF_A_DAY, Form, day_of
from throughline.packs.model import Pack

Interval = tuple[int, int]
"""From and to in minutes since the first day of the calendar, the end not counted."""


def period_key(pack: Pack, form: Form) -> bytes | None:
    """The same for two forms of one programme, subject and period, whoever sends them; None where one is not given.

    A hash: the subject's number never leaves it.
    """
    said = pack.header.duplicates
    subject, period = form.values.get(said.subject), form.values.get(said.period)
    if subject is None or period is None:
        return None
    text = "\x1f".join((pack.header.programme, str(subject).strip().upper(), str(period)))
    return sha256(text.encode()).digest()[:16]


def occupied(pack: Pack, form: Form) -> tuple[Interval, ...]:
    """The time that a form bills, sorted, what touches or overlaps joined. Rows without both times bill none."""
    said = pack.header.duplicates
    found = []
    for row in form.rows.get(said.table, ()):
        day = day_of(row.get(said.on, ""))
        start, end = row.get(said.start), row.get(said.end)
        if day is not None and isinstance(start, int) and isinstance(end, int) and start < end:
            midnight = day.toordinal() * MINUTES_OF_A_DAY
            found.append((midnight + start, midnight + end))
    return _joined(found)


def shared_minutes(one: Sequence[Interval], other: Sequence[Interval]) -> int:
    """Minutes that two sorted lists of intervals have in common."""
    minutes, i, j = 0, 0, 0
    while i < len(one) and j < len(other):
        minutes += max(0, min(one[i][1], other[j][1]) - max(one[i][0], other[j][0]))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return minutes


def _joined(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
