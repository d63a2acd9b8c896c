"""A CSV file as rows of named cells. What cannot be read is kept as faults; no fault repeats what stands in a cell."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from throughline.message import Record, field_problems
from throughline.money import cents_of
from throughline_cli.errors import Problem

Made = TypeVar("Made", bound=Record)
Read = TypeVar("Read")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, by the line of the file on which it stands."""

    row: int
    column: str | None
    text: str


@dataclass(slots=True)
class Sheet:
    name: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def make(
        self, row: Row, model: type[Made], values: Mapping[str, Any], columns: Mapping[str, str] | None = None
    ) -> Made | None:
        """A record of the contracts; None, and a fault for each breach, where the row does not make one. ``columns``
        names the column of each field that is called otherwise."""
        given = {name: value for name, value in values.items() if value is not None}
        try:
            return model.model_validate_json(json.dumps(given))
        except ValidationError as error:
            told = {one.column for one in self.faults if one.row == row.number}
            for path, kind, text in field_problems(error):
                column = self._column_of(path, columns or {})
                if column not in told:  # what could not be read in a cell is told already
                    self.faults.append(Fault(row.number, column, "is blank" if kind == "missing" else text))
            return None

    def _column_of(self, path: str, columns: Mapping[str, str]) -> str | None:
        steps = [one for one in path.split(".") if not one.isdecimal()]
        named = [columns.get(one, one) for one in (*reversed(steps[-1:]), *steps[:1])]
        return next((one for one in named if one in self.columns), None)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row. A cell that is blank, or whose column the file does not have, is None."""

    sheet: Sheet
    number: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str | None:
        return self.cells.get(column) or None

    def needed(self, column: str) -> str | None:
        """None, and a fault, where it is blank."""
        found = self.text(column)
        if found is None:
            self.fault(column, "is blank")
        return found

    def whole(self, column: str) -> int | None:
        return self._read(column, _whole)

    def cents(self, column: str) -> int | None:
        """Of dollars."""
        return self._read(column, cents_of)

    def day(self, column: str) -> str | None:
        return self._read(column, _day)

    def yes(self, column: str) -> bool | None:
        return self._read(column, _yes)

    def words(self, column: str) -> list[str] | None:
        """Separated by blanks."""
        found = self.text(column)
        return None if found is None else found.split()

    def _read(self, column: str, read: Callable[[str], Read]) -> Read | None:
        found = self.text(column)
        if found is None:
            return None
        try:
            return read(found)
        except ValueError as error:
            self.fault(column, str(error))
            return None

    def fault(self, column: str, text: str) -> None:
        self.sheet.faults.append(Fault(self.number, column, text))


def read_sheet(path: Path, required: Sequence[str], others: Sequence[str] = ()) -> Sheet:
    """The rows below the header. Raises Problem where the file cannot be read or its header is another one."""
    reader = csv.reader(StringIO(_content(path), newline=""), strict=True)
    try:
        header = [one.strip() for one in next(reader, [])]
        _must_be(path.name, header, required, others)
        sheet = Sheet(path.name, tuple(header))
        for cells in reader:
            if not any(one.strip() for one in cells):
                continue
            if len(cells) != len(header):
                text = f"has {len(cells)} cells, the header {len(header)}"
                sheet.faults.append(Fault(reader.line_num, None, text))
                continue
            named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            sheet.rows.append(Row(sheet, reader.line_num, named))
    except csv.Error as error:
        raise Problem(
            f"{path.name}, row {reader.line_num}: {error}.", "Quote cells as RFC 4180 says."
        ) from None
    if not sheet.rows and not sheet.faults:
        raise Problem(f"{path.name} has a header and no rows.")
    return sheet


def grouped(rows: Sequence[Row], by: Sequence[str]) -> Iterator[list[Row]]:
    """Rows that are alike in these columns, wherever they stand."""
    groups: dict[tuple[str | None, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.text(one) for one in by), []).append(row)
    yield from groups.values()


def _content(path: Path) -> str:
    """UTF-8, else what Windows writes: the published exclusion list is not always UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _must_be(name: str, header: Sequence[str], required: Sequence[str], others: Sequence[str]) -> None:
    missing = [one for one in required if one not in header]
    unknown = [one for one in header if one not in (*required, *others)]
    twice = sorted({one for one in header if header.count(one) > 1})
    told = [
        f"{what} {', '.join(columns)}"
        for what, columns in (("lacks", missing), ("does not know", unknown), ("has twice", twice))
        if columns
    ]
    if told:
        may = f" It may also have {', '.join(others)}." if others else ""
        raise Problem(f"The header of {name} {'; '.join(told)}.", f"It needs {', '.join(required)}.{may}")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise ValueError("is not a whole number")
    return int(text)


def _day(text: str) -> str:
    if _DAY.fullmatch(text) is None:
        raise ValueError("is not a day written YYYY-MM-DD")
    return text


def _yes(text: str) -> bool:
    found = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(text.lower())
    if found is None:
        raise ValueError("is neither yes nor no")
    return found
