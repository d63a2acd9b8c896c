"""Claims as CSV (docs/claims-csv.md): a header, then one row per service line, a claim's rows one after another.

Read twice, like the 837P: first the whole file for its form, so that nothing of a file that is cut or out of step is
trusted; then claim by claim. A cell is text, whatever it begins with: nothing here evaluates a formula.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from typing import BinaryIO

from intake.csv_request import CLAIM_COLUMNS, LINE_COLUMNS, REQUIRED_COLUMNS, Row, request_of
from intake.file_claims import FileClaim, FileReading, usable_number
from throughline.answers import Problem
from throughline.reasons import Reason

LINE_BYTES_MAX = 65_536
CLAIMS_MAX = 200_000
"""Claims of one file. Their keys are remembered to find a claim whose rows stand apart: this bounds the memory."""

ClaimKey = tuple[str, str, str]


@dataclass
class CsvError(ValueError):
    """The file is not the documented CSV. Names the line (from 1), the column where there is one, and what to do."""

    reason: Reason
    line: int
    what: str
    column: str = ""

    def problem(self) -> Problem:
        where = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        return Problem(reason=self.reason, field=where[:200], detail=self.what[:400])


def read_claims(file: BinaryIO) -> FileReading:
    """Look through a seekable CSV file from its start. Never raises for what the file holds."""
    seen: set[int] = set()
    apart: set[int] = set()
    count, problems = 0, list[Problem]()
    try:
        for key, rows in groupby(_rows(file), key=claim_key):
            for _ in rows:
                pass
            count += 1
            if count > CLAIMS_MAX:
                raise CsvError(Reason.FILE_TOO_LARGE, 1, f"more than {CLAIMS_MAX} claims; split the file")
            (apart if hash(key) in seen else seen).add(hash(key))
        if count == 0:
            raise CsvError(Reason.EMPTY, 1, "the file has no row below its header; send it with its claims")
    except CsvError as error:
        problems.append(error.problem())
    return FileReading(tuple(problems), count, _claims(file, tuple(problems), apart))


def claim_key(row: Row) -> ClaimKey:
    """What makes neighbouring rows one claim."""
    return row.cells["number"], row.cells["frequency"], row.cells["payee_npi"]


def _claims(file: BinaryIO, file_problems: tuple[Problem, ...], apart: set[int]) -> Iterator[FileClaim]:
    position = 0
    try:
        for key, group in groupby(_rows(file), key=claim_key):
            position += 1
            rows = list(group)
            number, where = usable_number(key[0]), f"line {rows[0].line}"
            if file_problems:
                yield FileClaim(position, number, where, None, file_problems)
                continue
            request, problems = request_of(rows)
            if hash(key) in apart:
                what = "the rows of this claim stand apart in the file; put them one after another"
                request, problems = None, [CsvError(Reason.CSV_ROW, rows[0].line, what, "number").problem()]
            yield FileClaim(position, number, where, request, tuple(problems))
    except CsvError:
        return  # the first reading told it, and each claim before it carries it


def _rows(file: BinaryIO) -> Iterator[Row]:
    """Every row below the header as column to cell, absent columns empty. Raises CsvError."""
    file.seek(0)
    lines = _lines(file)
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise CsvError(Reason.EMPTY, 1, "the file is empty; send it with a header and its claims")
        columns = _columns(header)
        absent = dict.fromkeys((*CLAIM_COLUMNS, *LINE_COLUMNS), "") | {"frequency": "1", "unit": "UN"}
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(columns):
                what = f"has {len(cells)} cells, the header {len(columns)}; quote cells that hold a comma"
                raise CsvError(Reason.CSV_ROW, reader.line_num, what)
            given = {
                name: cell for name, cell in zip(columns, (c.strip() for c in cells), strict=True) if cell
            }
            yield Row(reader.line_num, absent | given)
    except csv.Error as error:
        cut = "unexpected end" in str(error)
        what = (
            "the file ends within a quoted cell; send it whole"
            if cut
            else "quotes or line breaks are not as CSV's"
        )
        raise CsvError(Reason.TRUNCATED if cut else Reason.CSV_ROW, max(reader.line_num, 1), what) from None


def _lines(file: BinaryIO) -> Iterator[str]:
    """Text lines of bounded length; a byte order mark at the start is passed over."""
    number = 0
    while raw := file.readline(LINE_BYTES_MAX):
        number += 1
        if not raw.endswith(b"\n"):
            if len(raw) == LINE_BYTES_MAX:
                raise CsvError(
                    Reason.LIMITS, number, f"is longer than {LINE_BYTES_MAX} bytes; check the line breaks"
                )
            what = "does not end with a line break, so the file may be cut; send it whole"
            raise CsvError(Reason.TRUNCATED, number, what)
        if b"\0" in raw:
            raise CsvError(Reason.ENCODING, number, "has NUL bytes; save the file as UTF-8")
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise CsvError(Reason.ENCODING, number, "is not UTF-8; save the file as UTF-8") from None


def _columns(header: list[str]) -> list[str]:
    columns = [name.strip().lower() for name in header]
    known = set(CLAIM_COLUMNS) | set(LINE_COLUMNS)
    for position, name in enumerate(columns, 1):
        if name not in known:
            what = "is not a column of this format; remove it or check its spelling"
            raise CsvError(Reason.CSV_HEADER, 1, what, _misspelt(name, known) or f"number {position}")
        if columns.index(name) != position - 1:
            raise CsvError(Reason.CSV_HEADER, 1, "stands twice in the header", name)
    for name in REQUIRED_COLUMNS:
        if name not in columns:
            raise CsvError(Reason.CSV_HEADER, 1, "is required and missing from the header", name)
    return columns


def _misspelt(name: str, known: Collection[str]) -> str:
    """A column name that may be repeated to the sender: close to one of ours. Of a file without a header row the first
    claim would be told, names of persons among it."""
    plain = len(name) <= 40 and name.replace("_", "").isalpha() and name.isascii()
    return name if plain and get_close_matches(name, known, n=1, cutoff=0.75) else ""
