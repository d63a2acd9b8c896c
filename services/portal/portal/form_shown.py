"""What a page shows of a step of a programme's form: fields in the pack's words, what is printed as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from portal.claim_form import Fields
from portal.programme_form import fills_in, places_of_rows, typed, with_printed
from portal.shown import Shown
from throughline.packs.expressions import NotEvaluated, context_of, evaluate
from throughline.packs.facts import facts_of, service_day
from throughline.packs.form import Form, days_of
from throughline.packs.model import Column, FormField, Pack
from throughline.packs.part import Known
from throughline.packs.wording import FieldWords, Wording

KINDS = {"date": "date", "month": "month", "minute": "time"}
"""Types of inputs that a browser helps with; without its help they are plain text in the same form."""
ROWS_AHEAD = 1


@dataclass(frozen=True, slots=True)
class Input:
    """A place to type: its name, words, kind of input and, of a choice, its options."""

    name: str
    label: str
    help: str
    kind: str
    value: str
    required: bool
    options: tuple[tuple[str, str], ...] = ()
    fixed: str = ""
    """A day of the grid, as people read it: it is not typed."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a step: an input, a table of inputs, or what is printed."""

    id: str
    label: str
    help: str = ""
    input: Input | None = None
    rows: tuple[tuple[Input, ...], ...] = ()
    printed: str | None = None
    printed_rows: tuple[tuple[str, ...], ...] = ()
    headings: tuple[str, ...] = ()
    adds: bool = False
    """Whether a further row can be asked for."""


def wording_of(pack: Pack, language: str) -> Wording:
    """In the person's language, or the pack's first."""
    return pack.wording.get(language) or pack.wording[pack.header.languages[0]]


def parts_of(pack: Pack, printed: Form, fields: Fields, step: str, shown: Shown) -> list[Part]:
    """The fields of a step in the pack's order; of those that depend on an answer, the ones that apply."""
    made = typed(pack, printed, fields).form
    whole = with_printed(pack, made, printed)
    day = service_day(pack, whole)
    words = wording_of(pack, shown.language)
    parts = []
    for one in pack.fields:
        if one.step != step or one.filled_by == "operations" or not _applies(pack, one, whole, day):
            continue
        told = words.fields[one.id]
        if not fills_in(one, pack, printed):
            part = _printed(one, told, printed, shown)
            if part is not None:
                parts.append(part)
        elif one.type == "table":
            parts.append(_table(pack, one, told, fields, whole, shown))
        else:
            parts.append(
                Part(one.id, told.label, input=_input(f"form.{one.id}", one, told.label, told, fields))
            )
    return parts


def said(one: Column, told: FieldWords, value: Known, shown: Shown) -> str:
    """A value as people read it."""
    match one.type:
        case "boolean":
            return "✓" if value else "–"
        case "cents":
            return shown.money(int(value))
        case "minute":
            return f"{int(value) // 60}:{int(value) % 60:02d}"
        case "date":
            return shown.day_of(str(value))
        case "choice":
            return told.options.get(str(value), str(value))
    return str(value)


def _applies(pack: Pack, one: FormField, whole: Form, day: date | None) -> bool:
    if one.shown_when is None or day is None:
        return one.shown_when is None
    try:
        return evaluate(one.shown_when, context_of(pack, facts_of(pack, whole, {}), day)) is True
    except NotEvaluated:
        return True


def _printed(one: FormField, told: FieldWords, printed: Form, shown: Shown) -> Part | None:
    """None where the agency prints nothing there."""
    if one.type == "table":
        rows = printed.rows.get(one.id, ())
        headings = tuple([told.columns[column.id] for column in one.column])
        cells = tuple(
            [
                tuple(
                    [
                        said(c, FieldWords(label=c.id), row[c.id], shown) if c.id in row else ""
                        for c in one.column
                    ]
                )
                for row in rows
            ]
        )
        return (
            Part(one.id, told.label, told.help or "", printed_rows=cells, headings=headings) if rows else None
        )
    if one.id not in printed.values:
        return None
    return Part(one.id, told.label, told.help or "", printed=said(one, told, printed.values[one.id], shown))


def _table(pack: Pack, one: FormField, told: FieldWords, fields: Fields, whole: Form, shown: Shown) -> Part:
    """Of the table of times each day of the period has its row, ready to be filled; then those that were added."""
    days = _days_of_grid(pack, one, whole)
    used = places_of_rows(pack, one, fields)
    extra = max(used, default=-1) + 1
    count = max(len(days), extra) + ROWS_AHEAD
    rows = []
    for at in range(count):
        fixed = days[at] if at < len(days) else None
        rows.append(tuple(_row(pack, one, told, fields, at, fixed, shown)))
    return Part(one.id, told.label, told.help or "", rows=tuple(rows), adds=True)


def _row(
    pack: Pack, table: FormField, told: FieldWords, fields: Fields, at: int, day: date | None, shown: Shown
) -> Iterable[Input]:
    for column in table.column:
        name = f"form.{table.id}.{at}.{column.id}"
        if day is not None and column.id == pack.header.duplicates.on:
            yield Input(
                name, told.columns[column.id], "", "hidden", str(day), False, fixed=shown.weekday(day)
            )
        else:
            yield _input(name, column, told.columns[column.id], told, fields)


def _days_of_grid(pack: Pack, table: FormField, whole: Form) -> list[date]:
    period = whole.values.get(pack.header.dated_by)
    days = None if period is None else days_of(period)
    if table.id != pack.header.duplicates.table or days is None:
        return []
    return [days[0] + timedelta(days=at) for at in range((days[1] - days[0]).days + 1)]


def _input(name: str, one: Column, label: str, told: FieldWords, fields: Fields) -> Input:
    options = tuple([(option, told.options.get(option, option)) for option in one.options])
    kind = "choice" if one.type in ("choice", "boolean") else KINDS.get(one.type, "text")
    return Input(
        name, label, (told.help or "") if label == told.label else "", kind, fields.get(name, ""), one.required is True,
        options if one.type != "boolean" else (("yes", "yes"), ("no", "no")),
    )  # fmt: skip
