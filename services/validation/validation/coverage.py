"""Whether a member is covered, and a service a benefit, on every day of a service. Nothing of it names the member."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from throughline.members import Benefit, MemberRecorded, Span
from throughline.message import Record
from throughline.requests import ServiceLine

_A_DAY = timedelta(days=1)


class Coverage(Record):
    """What is kept of a member: no member id, only the days."""

    coverage: tuple[Span, ...]
    benefits: tuple[Benefit, ...] | None = None


def coverage_of(member: MemberRecorded) -> Coverage:
    return Coverage(coverage=member.coverage, benefits=member.benefits)


def uncovered_on(coverage: Coverage, line: ServiceLine) -> date | None:
    """The first day of the service on which the member is not covered; None: covered on all of them."""
    return first_day_outside(coverage.coverage, line.from_date, line.to_date)


def no_benefit_on(coverage: Coverage, line: ServiceLine) -> date | None:
    """The first day of the service on which it is no benefit of the member's; None: it is one on all of them."""
    if coverage.benefits is None:
        return None
    covering = [one for one in coverage.benefits if not one.codes or line.code in one.codes]
    return first_day_outside(covering, line.from_date, line.to_date)


def first_day_outside(spans: Iterable[Span], first: date, last: date) -> date | None:
    """The first day, from one to another, that none of the spans has. Spans may touch, overlap and stand in any order.

    Where the last day lies before the first one (another rule stops that) the first is asked for.
    """
    day = first
    for span in sorted(spans, key=lambda one: one.from_date):
        if span.from_date > day:
            break
        if span.to_date is None:
            return None
        if span.to_date >= day:
            if span.to_date >= last or span.to_date == date.max:
                return None
            day = span.to_date + _A_DAY
    return day
