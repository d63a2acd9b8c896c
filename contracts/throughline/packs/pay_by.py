"""The clock from "properly completed" to "paid by": a return for completion stops it, what comes back starts it anew.

Counted from the events of a request in their order; nothing is stored for it. Pure.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Literal, NamedTuple, get_args

from throughline.packs.facts import parameters_on, service_day
from throughline.packs.form import Form, Values
from throughline.packs.model import Pack
from throughline.packs.public_holidays import public_holidays
from throughline.programmes import PayClock

Kind = Literal["completed", "returned", "ended"]
Counting = Literal["business_days", "days", "day_of_month"]


COUNT_MAX = 366
"""Days that a payment may take: above it a parameter is a slip, and no date."""
_COUNTINGS: dict[str, Counting] = {one: one for one in get_args(Counting)}


class Moment(NamedTuple):
    """What the clock hears: a complete request came, it was returned for completion, or it ended (paid, denied)."""

    kind: Kind
    on: date


class PayBy(NamedTuple):
    """Where the clock stands. ``due_on`` is None while it does not run; ``stops`` are the days of the returns."""

    started_on: date | None
    due_on: date | None
    ended_on: date | None
    stops: tuple[date, ...]

    def is_late_on(self, day: date) -> bool:
        """Whether the request should have been paid before ``day``, or was ended after it was due."""
        return self.due_on is not None and (self.ended_on or day) > self.due_on


def pay_by(
    moments: Iterable[Moment], counting: Counting, count: int, holidays: Collection[date] = ()
) -> PayBy:
    """The clock after these moments. ``count``: how many days, or with day_of_month the next such day, or the last of a
    month that has none.

    >>> pay_by([Moment("completed", date(2026, 11, 2))], "business_days", 10).due_on
    datetime.date(2026, 11, 16)
    """
    started: date | None = None
    ended: date | None = None
    stops: list[date] = []
    for kind, on in moments:
        if ended is not None:
            break
        if kind == "completed":
            started = on
        elif kind == "returned" and started is not None:
            started = None
            stops.append(on)
        elif kind == "ended":
            ended = on
    due = None if started is None else due_on(started, counting, count, holidays)
    return PayBy(started, due, ended, tuple(stops))


def clock_of(pack: Pack, values: Values, started_on: date) -> PayClock | None:
    """The clock of a form that was complete on a day, by its agency's parameters; None where the pack has none, or no
    count that a payment could wait for. Business days leave out the holidays of the place that the pack names."""
    day = service_day(pack, Form(values))
    if day is None:
        return None
    said = parameters_on(pack.parameters, values.get(pack.header.agency), day)
    counting, count = _COUNTINGS.get(str(said.get("pay_by_counting"))), said.get("pay_by_count")
    if counting is None or not isinstance(count, int) or not 1 <= count <= COUNT_MAX:
        return None
    closed = public_holidays(pack.header.holidays)
    return PayClock(started_on=started_on, due_on=due_on(started_on, counting, count, closed))


def due_on(started: date, counting: Counting, count: int, holidays: Collection[date] = ()) -> date:
    """The last day in time for what was complete on ``started``. That day itself is not counted."""
    if counting == "days":
        return started + timedelta(days=count)
    if counting == "day_of_month":
        following = (started.replace(day=1) + timedelta(days=32)).replace(day=1)
        return _in_month(started if started.day <= count else following, count)
    day, left = started, count
    while left:
        day += timedelta(days=1)
        if day.isoweekday() <= 5 and day not in holidays:
            left -= 1
    return day


def _in_month(day: date, number: int) -> date:
    return day.replace(day=min(number, monthrange(day.year, day.month)[1]))
