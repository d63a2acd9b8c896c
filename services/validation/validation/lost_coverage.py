"""Coverage that was taken back after it was gone by: from which day on, and which service it no longer holds for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from throughline.findings import Finding
from throughline.members import Benefit
from throughline.reasons import Reason, Severity
from throughline.requests import ServiceLine
from validation.coverage import Coverage, first_day_outside, no_benefit_on, uncovered_on


def lost_since(before: Coverage, now: Coverage) -> date | None:
    """A day before which nothing is lost: the first on which the member was covered, or had a benefit, and perhaps no
    longer does. None where nothing is lost."""
    days = [
        first_day_outside(now.coverage, one.from_date, one.to_date or date.max)
        for one in before.coverage
        if one not in now.coverage
    ]
    if now.benefits is not None and before.benefits != now.benefits:
        had = before.benefits
        if had is None:
            had = tuple(Benefit(category="all", from_date=one.from_date) for one in before.coverage)
        days += [_first_day_without(one, now.benefits) for one in had if one not in now.benefits]
    return min((one for one in days if one is not None), default=None)


def _first_day_without(benefit: Benefit, benefits: tuple[Benefit, ...]) -> date | None:
    as_much = [
        one for one in benefits if not one.codes or (benefit.codes and set(benefit.codes) <= set(one.codes))
    ]
    return first_day_outside(as_much, benefit.from_date, benefit.to_date or date.max)


def no_longer_covered(
    lines: tuple[ServiceLine, ...], then: Coverage | None, now: Coverage | None
) -> Iterator[Finding]:
    """Services that were covered as the request came in and are not any more."""
    if then is None or now is None or then == now:
        return
    for position, line in enumerate(lines):
        day = uncovered_on(now, line) or no_benefit_on(now, line)
        if day is not None and uncovered_on(then, line) is None and no_benefit_on(then, line) is None:
            yield Finding(
                rule="coverage-ended",
                rule_version=1,
                severity=Severity.REVIEW,
                reason=Reason.COVERAGE_ENDED,
                field=f"lines[{position}].from_date",
                message=f"The payer took back the coverage of {day.isoformat()}, a day of this service.",
                fix="A reviewer decides whether it is denied, or paid all the same.",
            )
