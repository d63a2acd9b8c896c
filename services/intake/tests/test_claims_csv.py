"""Claims as CSV: what a row becomes, what refuses a claim, and what refuses the file."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Iterator
from io import BytesIO, RawIOBase, StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.claims_csv import read_claims
from intake.csv_request import CLAIM_COLUMNS, LINE_COLUMNS, REQUIRED_COLUMNS
from intake.file_claims import FileClaim, FileReading
from throughline.reasons import Reason

ROW = {
    "number": "REQ-1001",
    "frequency": "1",
    "payer": "demo-health",
    "payee_npi": "1234567893",
    "payee_tin": "94-1234567",
    "payee_name": "Oakwood Clinic",
    "rendering_npi": "1558598797",
    "member_id": "M0001",
    "last_name": "Doe",
    "first_name": "Jane",
    "birth_date": "1980-02-29",
    "diagnoses": "F84.0 R480",
    "place_of_service": "11",
    "authorisation_number": "AUTH77",
    "contract_id": "C-2026",
    "invoice_number": "INV-7",
    "invoice_date": "2026-11-09",
    "total": "120.50",
    "line_id": "L1",
    "from_date": "2026-11-02",
    "to_date": "2026-11-03",
    "code": "97530",
    "modifiers": "GP 59",
    "units": "1.5",
    "charge": "120.5",
    "pointers": "2 1",
}


def emit(*rows: dict[str, str], columns: list[str] | None = None) -> bytes:
    out = StringIO()
    writer = csv.DictWriter(out, columns or [*CLAIM_COLUMNS, *LINE_COLUMNS], restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def read(data: bytes) -> tuple[FileReading, list[FileClaim]]:
    reading = read_claims(BytesIO(data))
    return reading, list(reading.claims)


def told(problems: Any) -> list[tuple[Reason, str]]:
    return [(p.reason, p.field) for p in problems]


def test_every_column_is_read() -> None:
    reading, claims = read(emit(ROW))
    assert not reading.problems and reading.claim_count == 1
    request = claims[0].request
    assert request is not None, claims[0].problems
    wire = request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    assert wire == {
        "number": "REQ-1001",
        "payer": "demo-health",
        "currency": "USD",
        "payee": {"kind": "npi", "identifier": "1234567893", "tin": "941234567", "name": "Oakwood Clinic"},
        "rendering_provider": "1558598797",
        "subject": {
            "member_id": "M0001",
            "last_name": "Doe",
            "first_name": "Jane",
            "birth_date": "1980-02-29",
        },
        "lines": [
            {
                "line_id": "L1",
                "from_date": "2026-11-02",
                "to_date": "2026-11-03",
                "code": "97530",
                "modifiers": ["GP", "59"],
                "units_thousandths": 1500,
                "charge_cents": 12050,
                "diagnosis_pointers": [2, 1],
            }
        ],
        "diagnoses": ["F840", "R480"],
        "place_of_service": "11",
        "total_cents": 12050,
        "invoice_number": "INV-7",
        "invoice_date": "2026-11-09",
        "contract_id": "C-2026",
        "authorisation_number": "AUTH77",
    }


def test_the_required_columns_alone_make_a_claim() -> None:
    reading, claims = read(
        emit({c: ROW[c] for c in REQUIRED_COLUMNS}, columns=list(reversed(REQUIRED_COLUMNS)))
    )
    request = claims[0].request
    assert not reading.problems and request is not None
    assert (request.frequency, request.lines[0].line_id, request.lines[0].unit) == ("1", "1", "UN")
    assert request.lines[0].to_date == request.lines[0].from_date


def test_rows_of_one_claim_are_its_lines() -> None:
    rows = [ROW | {"line_id": f"L{n}", "total": "361.50"} for n in (1, 2, 3)] + [ROW | {"number": "REQ-2"}]
    _, claims = read(emit(*rows))
    assert [(c.position, c.number, c.where) for c in claims] == [
        (1, "REQ-1001", "line 2"),
        (2, "REQ-2", "line 5"),
    ]
    assert claims[0].request is not None and [line.line_id for line in claims[0].request.lines] == [
        "L1",
        "L2",
        "L3",
    ]


def test_a_replacement_beside_its_original_is_a_claim_of_its_own() -> None:
    _, claims = read(emit(ROW, ROW | {"frequency": "7", "payer_claim_number": "T123"}))
    assert [c.request.frequency for c in claims if c.request] == ["1", "7"]


@pytest.mark.parametrize(
    "cell", ["=HYPERLINK(1)", "+1", "@SUM(A1)", "'quoted", "Peña, José", 'a "b"', "-Doe", "x\ty"]
)
def test_a_cell_is_text_and_never_evaluated(cell: str) -> None:
    _, claims = read(emit(ROW | {"last_name": cell}))
    if "\t" in cell:
        assert told(claims[0].problems) == [(Reason.FORMAT, "line 2, column last_name")]
    else:
        assert claims[0].request is not None
        assert claims[0].request.subject.last_name.reveal() == cell


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("total", "120.505", Reason.FORMAT),
        ("total", "1,200.00", Reason.FORMAT),
        ("total", "1e3", Reason.FORMAT),
        ("total", "", Reason.FORMAT),
        ("charge", "-5", Reason.FORMAT),
        ("charge", "$5", Reason.FORMAT),
        ("units", "1.0001", Reason.FORMAT),
        ("from_date", "2026-02-30", Reason.DATE),
        ("from_date", "11/02/2026", Reason.DATE),
        ("from_date", "20261102", Reason.DATE),
        ("from_date", "", Reason.DATE),
        ("birth_date", "x", Reason.DATE),
        ("payee_tin", "9412", Reason.FORMAT),
        ("payee_npi", "", Reason.MISSING),
        ("member_id", "", Reason.MISSING),
        ("last_name", "", Reason.MISSING),
        ("number", "A&B", Reason.FORMAT),
        ("number", "", Reason.MISSING),
        ("frequency", "6", Reason.FORMAT),
        ("code", "97", Reason.FORMAT),
        ("modifiers", "GPX", Reason.FORMAT),
        ("unit", "DA", Reason.FORMAT),
        ("pointers", "A", Reason.FORMAT),
        ("pointers", "13", Reason.FORMAT),
        ("diagnoses", "F8", Reason.FORMAT),
        ("place_of_service", "1", Reason.FORMAT),
        ("line_place_of_service", "1", Reason.FORMAT),
        ("payer", "a b", Reason.FORMAT),
    ],
)
def test_a_bad_cell_refuses_its_claim_by_line_and_column(column: str, cell: str, reason: Reason) -> None:
    reading, claims = read(emit(ROW | {"number": "REQ-1"}, ROW | {column: cell}, ROW | {"number": "REQ-3"}))
    assert not reading.problems
    assert [c.request is None for c in claims] == [False, True, False]
    assert told(claims[1].problems) == [(reason, f"line 3, column {column}")]


def test_rows_that_disagree_on_the_claim_are_named() -> None:
    _, claims = read(emit(ROW, ROW | {"member_id": "M2", "line_id": "L2"}))
    assert claims[0].request is None
    assert told(claims[0].problems) == [(Reason.CSV_ROW, "line 3, column member_id")]


def test_rows_of_a_claim_that_stand_apart_refuse_all_its_parts() -> None:
    _, claims = read(emit(ROW, ROW | {"number": "REQ-2"}, ROW | {"line_id": "L2"}))
    assert [c.request is None for c in claims] == [True, False, True]
    assert told(claims[0].problems) == [(Reason.CSV_ROW, "line 2, column number")]


GOOD = emit(ROW, ROW | {"number": "REQ-2"})


@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [
        (b"", Reason.EMPTY, "line 1"),
        (b"\n", Reason.CSV_HEADER, "line 1, column number"),
        (emit(), Reason.EMPTY, "line 1"),
        (GOOD[:-2], Reason.TRUNCATED, "line 3"),
        (GOOD.replace(b"units", b"unitz"), Reason.CSV_HEADER, "line 1, column unitz"),
        (b"Zabriskovitch,Ottolinnea\r\n", Reason.CSV_HEADER, "line 1, column number 1"),
        (GOOD.replace(b",total", b",charge", 1), Reason.CSV_HEADER, "line 1, column charge"),
        (
            emit(ROW, columns=[*ROW]).replace(b"member_id,", b"contract_id,", 1),
            Reason.CSV_HEADER,
            "line 1, column contract_id",
        ),
        (GOOD.split(b"\r\n", 1)[1], Reason.CSV_HEADER, "line 1, column number 1"),
        (GOOD + b"REQ-3,1\r\n", Reason.CSV_ROW, "line 4"),
        (GOOD.replace(b"Doe", b"Doe, Dr"), Reason.CSV_ROW, "line 2"),
        (GOOD.replace(b"Doe", b'"Doe', 1), Reason.TRUNCATED, "line 3"),
        (GOOD.replace(b"Doe", b'"Doe"x', 1), Reason.CSV_ROW, "line 2"),
        (GOOD + b'"REQ\n', Reason.TRUNCATED, "line 4"),
        (GOOD.replace(b"Doe", b"D\xf6e"), Reason.ENCODING, "line 2"),
        (GOOD.replace(b"Doe", b"D\0e"), Reason.ENCODING, "line 2"),
        (GOOD.decode().encode("utf-16"), Reason.ENCODING, "line 1"),
        (GOOD + b"x" * 70_000, Reason.LIMITS, "line 4"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(data: bytes, reason: Reason, field: str) -> None:
    reading, claims = read(data)
    assert told(reading.problems) == [(reason, field)]
    assert all(c.request is None and c.problems == reading.problems for c in claims)
    assert len(claims) == reading.claim_count


def test_a_header_error_does_not_repeat_data() -> None:
    reading, _ = read(b"JANE DOE,M0001\n")
    assert "DOE" not in str(told(reading.problems))


@given(st.integers(0, len(GOOD) - 1))
def test_no_prefix_within_a_row_is_applied(cut: int) -> None:
    reading, claims = read(GOOD[:cut])
    if not GOOD[:cut].endswith(b"\n") or cut < GOOD.index(b"\n") + 2:
        assert reading.problems and all(c.request is None for c in claims)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_answer(data: bytes) -> None:
    reading, claims = read(data)
    assert reading.problems and all(c.request is None for c in claims)


class Endless(RawIOBase):
    """A file of many claims that exists only while it is read."""

    def __init__(self, header: bytes, row: bytes, count: int) -> None:
        self._parts = (header, row, count)
        self._lines: Iterator[bytes] = iter(())

    def seek(self, offset: int, whence: int = 0) -> int:
        header, row, count = self._parts
        self._lines = iter((header, *(row.replace(b"REQ-1001", b"REQ-%d" % n) for n in range(count))))
        return 0

    def readline(self, size: int | None = -1) -> bytes:
        return next(self._lines, b"")


def test_memory_grows_by_the_claims_key_only() -> None:
    header, row, _ = emit(ROW).split(b"\r\n")
    peaks = []
    for count in (500, 4000):
        file = Endless(header + b"\r\n", row + b"\r\n", 0)
        file._parts = (header + b"\r\n", row + b"\r\n", count)
        tracemalloc.start()
        reading = read_claims(file)  # type: ignore[arg-type]
        assert sum(c.request is not None for c in reading.claims) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 3500 < 600  # the test's own lines are most of it
