"""What a pack's expressions may read of a form: flat names, days as ordinals, and nothing that names a person.

A field gives ``<id>_given`` and, where it is filled in, ``<id>``; a month ``<id>_first``, ``<id>_last`` and
``<id>_number``; a table the list of its rows, in which a date's ``<column>_weekday`` is 1 for Monday. A sensitive field
gives ``<id>_given`` alone.
A name that is not there makes its reader fail: nothing is taken for zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from throughline.packs.expressions import Facts, NotEvaluated, context_of, evaluate
from throughline.packs.form import Form, Values, day_of, days_of, days_of_month
from throughline.packs.header import Age
from throughline.packs.model import Column, FormField, Pack
from throughline.packs.part import Known
from throughline.packs.prices import Parameter


def facts_of(pack: Pack, form: Form, given: Values) -> Facts:
    """Every fact of a form whose values have their fields' types. ``given``: what the pack asks its caller for."""
    day = service_day(pack, form)
    facts: Facts = {}
    for one in pack.fields:
        facts.update(_of_table(one, form) if one.type == "table" else _of_field(one, form.values.get(one.id)))
    asked = {one.id for one in pack.header.given}
    facts.update({name: value for name, value in given.items() if name in asked})
    if day is None:
        return facts
    facts.update(parameters_on(pack.parameters, form.values.get(pack.header.agency), day))
    facts.update(_ages(pack.header.age, form))
    derive(pack, facts, day)
    return facts


def derive(pack: Pack, facts: Facts, day: date) -> None:
    """Add what the pack's facts say, in order. One that cannot be evaluated is left out."""
    context = context_of(pack, facts, day)
    for one in pack.facts:
        try:
            facts[one.id] = evaluate(one.expression, context)
        except NotEvaluated:
            facts.pop(one.id, None)


def service_day(pack: Pack, form: Form) -> date | None:
    """The first day of the service, by which rules, parameters and amounts are chosen; None where it is not given."""
    value = form.values.get(pack.header.dated_by)
    days = None if value is None else days_of(value)
    return None if days is None else days[0]


def parameters_on(parameters: Iterable[Parameter], agency: Known | None, day: date) -> Mapping[str, Known]:
    """Each parameter's value in force: the agency's own, else that of all. One without a value is left out."""
    chosen: dict[str, Known] = {}
    for one in parameters:
        in_force = {entry.agency: entry.value for entry in one.value if entry.in_force_on(day)}
        value = in_force.get(str(agency), in_force.get("*"))
        if value is not None:
            chosen[one.id] = value
    return chosen


def names_of_facts(pack: Pack) -> list[set[str]]:
    """The names that may be there: of the form and what is given with it, then after each derived fact in turn."""
    names = {one.id for one in pack.header.given} | {one.id for one in pack.header.age}
    names |= {one.id for one in pack.parameters}
    for one in pack.fields:
        names |= _names(one)
    known = [names]
    for fact in pack.facts:
        names = names | {fact.id}
        known.append(names)
    return known


def _names(one: FormField) -> set[str]:
    names = {f"{one.id}_given"}
    if one.sensitive:
        return names
    return names | (
        {f"{one.id}_{part}" for part in ("first", "last", "number")} if one.type == "month" else {one.id}
    )


def _of_field(one: Column, value: Known | None) -> Facts:
    facts: Facts = {f"{one.id}_given": value is not None}
    if value is None or one.sensitive:
        return facts
    if one.type == "month":
        first, last = days_of_month(str(value))
        facts[f"{one.id}_first"], facts[f"{one.id}_last"] = first.toordinal(), last.toordinal()
        facts[f"{one.id}_number"] = first.month
    else:
        facts[one.id] = _plain(one, value)
    return facts


def _of_table(table: FormField, form: Form) -> Facts:
    rows = form.rows.get(table.id, ())
    return {f"{table.id}_given": bool(rows), table.id: _rows(table.column, rows)}


def _rows(columns: Sequence[Column], rows: Sequence[Values]) -> list[dict[str, Any]]:
    made = []
    for row in rows:
        facts: dict[str, Any] = {}
        for one in columns:
            value = row.get(one.id)
            if value is None or one.sensitive:
                continue
            facts[one.id] = _plain(one, value)
            day = day_of(value) if one.type == "date" else None
            if day is not None:
                facts[f"{one.id}_weekday"] = day.isoweekday()
        made.append(facts)
    return made


def _plain(one: Column, value: Known) -> Known:
    day = day_of(value) if one.type == "date" else None
    return value if day is None else day.toordinal()


def _ages(ages: Iterable[Age], form: Form) -> Facts:
    facts: Facts = {}
    for one in ages:
        born, on = (form.values.get(one.born), form.values.get(one.on))
        birth = None if born is None else day_of(born)
        days = None if on is None else days_of(on)
        if birth is not None and days is not None:
            last = days[1]
            facts[one.id] = last.year - birth.year - ((last.month, last.day) < (birth.month, birth.day))
    return facts
