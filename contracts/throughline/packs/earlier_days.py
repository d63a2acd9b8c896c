"""What a pack asks of other forms: how many different days of the year they told, as days of closure. Pure.

Each form tells its own days by a fact of its pack; who assesses the next one counts them (``Given.past``): those of the
whole year but its own, so that neither the order in which forms come nor how they are cut makes more days of them.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from throughline.packs.assess import with_what_was_printed
from throughline.packs.facts import facts_of, service_day
from throughline.packs.form import faults_of_types
from throughline.packs.header import Past
from throughline.packs.model import Pack
from throughline.packs.travel import faults_of_places, form_of
from throughline.requests import PaymentRequest, ProgrammeForm


class Told(NamedTuple):
    """What one form says for a fact that counts others' days: its own days, and from when to when others count."""

    name: str
    """The id of the ``Given``."""
    past: Past
    days: tuple[date, ...]
    first: date
    """The first day of the year that the form's first service day lies in."""
    before: date
    """The first day of the next year, which does not count any more."""


def days_told(pack: Pack, request: PaymentRequest, authorised: ProgrammeForm | None) -> tuple[Told, ...]:
    """For each fact of the pack that counts earlier days; nothing of a form that is not as its pack asks."""
    asked = [(one.id, one.past) for one in pack.header.given if one.past is not None]
    sent = request.form
    if not asked or sent is None or faults_of_places(pack, sent):
        return ()
    form = form_of(sent)
    if faults_of_types(pack, form):
        return ()
    whole = with_what_was_printed(pack, form, None if authorised is None else form_of(authorised))
    day = service_day(pack, whole)
    if day is None:
        return ()
    facts = facts_of(pack, whole, {})
    return tuple(
        [
            Told(name, past, days_of_fact(facts.get(past.fact)), year_of(past, day), next_year(past, day))
            for name, past in asked
        ]
    )


def days_of_fact(said: object) -> tuple[date, ...]:
    """The days that a list of ordinals names, each once; none of anything else."""
    if not isinstance(said, list | tuple):
        return ()
    ordinals = {one for one in said if isinstance(one, int) and 0 < one <= date.max.toordinal()}
    return tuple([date.fromordinal(one) for one in sorted(ordinals)])


def year_of(past: Past, day: date) -> date:
    """The first day of the year, as the pack counts years, in which a day lies.

    >>> year_of(Past(fact="closed_on", of="payee", year_begins="07-01"), date(2026, 6, 30))
    datetime.date(2025, 7, 1)
    """
    month, number = (int(part) for part in past.year_begins.split("-"))
    begins = date(day.year, month, number)
    return begins if begins <= day or day.year == date.min.year else date(day.year - 1, month, number)


def next_year(past: Past, day: date) -> date:
    """The first day of the year after the one in which a day lies.

    >>> next_year(Past(fact="closed_on", of="payee", year_begins="07-01"), date(2026, 6, 30))
    datetime.date(2026, 7, 1)
    """
    begins = year_of(past, day)
    if begins > day:
        return begins  # a day of the calendar's first year, before the year begins
    return date.max if begins.year == date.max.year else begins.replace(year=begins.year + 1)
