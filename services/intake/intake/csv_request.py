"""The rows of one claim in a CSV file, as a payment request or the lines and columns that stand against it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from intake.file_claims import PROBLEMS_MAX
from intake.quantity import thousandths_of
from throughline.answers import Problem
from throughline.message import field_problems
from throughline.money import cents_of
from throughline.reasons import Reason
from throughline.requests import LINES_MAX, PaymentRequest

CLAIM_COLUMNS = (
    *(
        "number",
        "frequency",
        "payer_claim_number",
        "payer",
        "payee_npi",
        "payee_tin",
        "payee_name",
        "rendering_npi",
    ),
    *(
        "member_id",
        "last_name",
        "first_name",
        "birth_date",
        "diagnoses",
        "place_of_service",
        "authorisation_number",
    ),
    *("contract_id", "invoice_number", "invoice_date", "total"),
)
"""The same in every row of a claim."""
LINE_COLUMNS = (
    *("line_id", "from_date", "to_date", "code", "modifiers", "unit", "units", "charge", "pointers"),
    "line_place_of_service",
)
REQUIRED_COLUMNS = (
    *("number", "payer", "payee_npi", "payee_tin", "member_id", "last_name", "total"),
    *("from_date", "code", "units", "charge"),
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COLUMN_OF = {
    "payee.identifier": "payee_npi",
    "payee.tin": "payee_tin",
    "payee.name": "payee_name",
    "subject.member_id": "member_id",
    "subject.last_name": "last_name",
    "subject.first_name": "first_name",
    "rendering_provider": "rendering_npi",
    "total_cents": "total",
    "units_thousandths": "units",
    "charge_cents": "charge",
    "diagnosis_pointers": "pointers",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file that it ends on, and every column's cell, without blanks around it."""

    line: int
    cells: dict[str, str]


def request_of(rows: list[Row]) -> tuple[PaymentRequest | None, list[Problem]]:
    """The request, or the problems; never both, never neither."""
    reading = _Reading(rows)
    fields = reading.fields()
    if not reading.problems:
        try:
            return PaymentRequest.model_validate(fields), []
        except ValidationError as error:
            reading.refused_by_contract(field_problems(error))
    return None, reading.problems[:PROBLEMS_MAX]


class _Reading:
    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self.problems: list[Problem] = []

    def fields(self) -> dict[str, Any]:
        first = self._rows[0]
        for row in self._rows[1:]:
            for column in CLAIM_COLUMNS:
                if row.cells[column] != first.cells[column]:
                    self._wrong(
                        row, column, Reason.CSV_ROW, "differs from the claim's first row; repeat it exactly"
                    )
        if len(self._rows) > LINES_MAX:
            self._wrong(
                self._rows[LINES_MAX], "line_id", Reason.LIMITS, f"a claim has at most {LINES_MAX} lines"
            )
        cell = first.cells
        return {
            "number": cell["number"],
            "frequency": cell["frequency"],
            "payer_claim_number": cell["payer_claim_number"] or None,
            "payer": cell["payer"],
            "payee": {
                "kind": "npi",
                "identifier": cell["payee_npi"],
                "tin": cell["payee_tin"].replace("-", ""),
                "name": cell["payee_name"] or None,
            },
            "rendering_provider": cell["rendering_npi"] or None,
            "subject": {
                "member_id": cell["member_id"],
                "last_name": cell["last_name"],
                "first_name": cell["first_name"] or None,
                "birth_date": _iso(self._date(first, "birth_date")),
            },
            "lines": tuple(self._line(number, row) for number, row in enumerate(self._rows, 1)),
            "diagnoses": tuple(cell["diagnoses"].replace(".", "").split()),
            "place_of_service": cell["place_of_service"] or None,
            "total_cents": self._cents(first, "total"),
            "currency": "USD",
            "invoice_number": cell["invoice_number"] or None,
            "invoice_date": self._date(first, "invoice_date"),
            "contract_id": cell["contract_id"] or None,
            "authorisation_number": cell["authorisation_number"] or None,
        }

    def _line(self, number: int, row: Row) -> dict[str, Any]:
        cell = row.cells
        begins = self._date(row, "from_date", required=True)
        pointers = cell["pointers"].split()
        if not all(text.isascii() and text.isdigit() and len(text) <= 2 for text in pointers):
            self._wrong(
                row, "pointers", Reason.FORMAT, "must be numbers of diagnoses from 1, separated by blanks"
            )
            pointers = []
        return {
            "line_id": cell["line_id"] or str(number),
            "from_date": begins,
            "to_date": self._date(row, "to_date") or begins,
            "code": cell["code"],
            "modifiers": tuple(cell["modifiers"].split()),
            "unit": cell["unit"],
            "units_thousandths": self._thousandths(row),
            "charge_cents": self._cents(row, "charge"),
            "diagnosis_pointers": tuple(int(text) for text in pointers),
            "place_of_service": cell["line_place_of_service"] or None,
        }

    def refused_by_contract(self, problems: list[tuple[str, str, str]]) -> None:
        """Name each breach by line and column, once, as ``x12.claim_source`` does by segment and element."""
        named: dict[tuple[int, str], Problem] = {}
        for path, kind, sentence in problems:
            inside = any(other.startswith(path + ".") for other, _, _ in problems)
            if kind == "is_instance_of" or (kind == "too_short" and inside):
                continue
            row, column = self._source(path.partition("[")[0].removesuffix(".function-after"))
            detail = f"{column}: {sentence}"[:400]
            reason = Reason.MISSING if not row.cells.get(column) else Reason.FORMAT
            named[row.line, column] = Problem(
                reason=reason, field=f"line {row.line}, column {column}", detail=detail
            )
        self.problems.extend(named.values())

    def _source(self, path: str) -> tuple[Row, str]:
        steps = path.split(".")
        if steps[0] == "lines" and len(steps) > 2 and steps[1].isdigit():
            column = (
                "line_place_of_service"
                if steps[2] == "place_of_service"
                else _COLUMN_OF.get(steps[2], steps[2])
            )
            return self._rows[int(steps[1])], column
        named = ".".join(steps[:2]) if steps[0] in ("payee", "subject") else steps[0]
        return self._rows[0], _COLUMN_OF.get(named, steps[0])

    def _wrong(self, row: Row, column: str, reason: Reason, what: str) -> None:
        self.problems.append(Problem(reason=reason, field=f"line {row.line}, column {column}", detail=what))

    def _cents(self, row: Row, column: str) -> int:
        try:
            return cents_of(row.cells[column])
        except ValueError as error:
            self._wrong(row, column, Reason.FORMAT, str(error))
            return 0

    def _thousandths(self, row: Row) -> int:
        try:
            return thousandths_of(row.cells["units"])
        except ValueError as error:
            self._wrong(row, "units", Reason.FORMAT, str(error))
            return 0

    def _date(self, row: Row, column: str, *, required: bool = False) -> date | None:
        text = row.cells[column]
        if not text and not required:
            return None
        try:
            if not _DATE.fullmatch(text):
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            self._wrong(row, column, Reason.DATE, "must be a date that exists, written YYYY-MM-DD")
            return None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
