"""A filled-in form, and whether its values have the types and bounds that the pack's fields ask for. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from throughline.packs.model import Column, FormField, Pack
from throughline.packs.part import Known

Values = Mapping[str, Known]

ROWS_MAX = 400
"""Rows of one table: a month of days with several pairs of times each, with room."""
TEXT_MAX = 200
MINUTES_OF_A_DAY = 1440
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """What people and the agency put in. It names persons: it does not print itself."""

    values: Values
    rows: Mapping[str, Sequence[Values]] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<form>"


class Fault(NamedTuple):
    """A field at fault: its path, the check that found it, and no value."""

    field: str
    check: str


def faults_of_types(pack: Pack, form: Form) -> list[Fault]:
    """Fields that the pack does not know or whose value has not the form asked for, in the pack's order."""
    known = {one.id: one for one in pack.fields}
    found = [Fault(name, "unknown-field") for name in (*form.values, *form.rows) if name not in known]
    for one in pack.fields:
        if one.type == "table":
            if one.id in form.values:
                found.append(Fault(one.id, "type"))
            found += _faults_of_rows(one, form.rows.get(one.id, ()))
        elif one.id in form.rows or (one.id in form.values and not fits(one, form.values[one.id])):
            found.append(Fault(one.id, "type"))
    return found


def fits(one: Column, value: Known) -> bool:
    """Whether a value has the type and keeps the bounds of its field."""
    match one.type:
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "cents" | "minute":
            least = one.at_least if one.at_least is not None else 0
            most = one.at_most if one.at_most is not None else _most(one)
            return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        case "table":
            return False
    if not isinstance(value, str):
        return False
    match one.type:
        case "choice":
            return value in one.options
        case "code":
            return _CODE.fullmatch(value) is not None
        case "date":
            return day_of(value) is not None
        case "month":
            return _MONTH.fullmatch(value) is not None and value[:4] != "0000"
    most = one.at_most if one.at_most is not None else TEXT_MAX
    return max(1, one.at_least or 1) <= len(value) <= most and _CONTROL.search(value) is None


def day_of(value: Known) -> date | None:
    """A date written YYYY-MM-DD; None for anything else."""
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def days_of_month(value: str) -> tuple[date, date]:
    """The first and the last day of a month written YYYY-MM."""
    first = date.fromisoformat(f"{value}-01")
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def days_of(value: Known) -> tuple[date, date] | None:
    """The first and last day that a date or a month names."""
    if isinstance(value, str) and _MONTH.fullmatch(value) and value[:4] != "0000":
        return days_of_month(value)
    day = day_of(value)
    return None if day is None else (day, day)


def _most(one: Column) -> int:
    return MINUTES_OF_A_DAY if one.type == "minute" else 9_999_999_999


def _faults_of_rows(table: FormField, rows: Sequence[Values]) -> list[Fault]:
    most = table.at_most if table.at_most is not None else ROWS_MAX
    if len(rows) > most:
        return [Fault(table.id, "rows")]
    columns = {one.id: one for one in table.column}
    found = []
    for position, row in enumerate(rows):
        for name, value in row.items():
            if name not in columns:
                found.append(Fault(f"{table.id}[{position}].{name}", "unknown-field"))
            elif not fits(columns[name], value):
                found.append(Fault(f"{table.id}[{position}].{name}", "type"))
    return found
