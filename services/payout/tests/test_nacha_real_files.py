"""Files written by others, read where they lie: the frames of banks are taken, money is read strictly."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from payout.nacha import (
    BatchFacts,
    Entry,
    EntryDetail,
    FileFacts,
    FileWriter,
    Frame,
    NachaRefused,
    read_records,
    read_return_file,
)

REAL = Path(__file__).resolve().parents[4] / "shared" / "data"
FOLDER = REAL / "nacha" / "moov-ach"
FILES = sorted(file.name for file in FOLDER.glob("*")) if FOLDER.is_dir() else []

# Where we and the independent reader (moov-io/ach) differ, and why.
DIFFER = {
    # We take what does not touch money: a blank routing number in the file header, a reason code that is not on the
    # list, trace numbers that do not begin with the batch's ODFI, credits in a TEL batch of a return.
    "test__testdata__FISERV-ZEROFILE-PIMRET825324_032720_110221.ach": True,
    "test__testdata__NACHA_SAMPLE_TEL_REVERSAL.ach": True,
    "test__testdata__ppd-debit-customTraceNumber.ach": True,
    "test__testdata__return-PPD-custom-reason-code.ach": True,
    "test__testdata__skip-validation.ach": True,
    "test__testdata__web-invalidNOCFile.ach": True,
    # We refuse addenda whose sequence does not begin with one.
    "test__testdata__txp-debit.ach": False,
}


@pytest.mark.skipif(not FILES, reason="the sample files are not on this machine")
@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_taken_or_refused_as_an_independent_reader_does(name: str) -> None:
    with (REAL / "INDEX.csv").open() as index:
        verdict = {row["path"].split("/")[-1]: row["verdict"] for row in csv.DictReader(index)}[name]
    raw = (FOLDER / name).read_bytes()
    content = gzip.decompress(raw) if name.endswith(".gz") else raw
    try:
        taken = (
            sum(isinstance(one, EntryDetail) for one in read_records(io.BytesIO(content), Frame.LENIENT)) >= 0
        )
    except NachaRefused:
        taken = False
    assert taken is DIFFER.get(name, verdict == "valid")


@pytest.mark.skipif(not FILES, reason="the sample files are not on this machine")
def test_real_returns_and_changes() -> None:
    with (FOLDER / "test__testdata__return-WEB.ach").open("rb") as file:
        returned = read_return_file(file).returned
    assert [(one.code, one.original_trace, one.amount_cents, one.is_credit) for one in returned] == [
        ("R01", "091400600000001", 12_354, False),
        ("R03", "091400600000003", 4_565, True),
    ]
    with (FOLDER / "test__testdata__cor-example.ach").open("rb") as file:
        (change,) = read_return_file(file).changes
    assert change.code == "C01"


@pytest.mark.skipif(not FILES, reason="the sample files are not on this machine")
def test_every_prefix_of_a_real_file_is_refused_or_says_the_same_money() -> None:
    for name in FILES:
        if name.endswith(".gz"):
            continue
        content = (FOLDER / name).read_bytes()
        try:
            whole = _money(content)
        except NachaRefused:
            continue
        for cut in range(0, len(content), 7):
            with contextlib.suppress(NachaRefused):
                assert _money(content[:cut]) == whole


def _money(content: bytes) -> list[tuple[int, str, int]]:
    records = read_records(io.BytesIO(content), Frame.LENIENT)
    return [(one.code, one.routing, one.amount_cents) for one in records if isinstance(one, EntryDetail)]


def test_a_file_of_any_size_is_written_in_little_memory() -> None:
    facts = FileFacts(
        "121042882", "121042882", datetime(2026, 11, 16, 9, 30, tzinfo=UTC), "A", "BANK", "PLAN"
    )
    batch = BatchFacts("PLAN", "1987654321", "CCD", "HCCLAIMPMT", date(2026, 11, 17), "12104288", 1)
    tracemalloc.start()
    writer = FileWriter(lambda _: None, facts)
    writer.begin_batch(batch)
    for number in range(1, 20_001):
        entry = Entry(
            22, "091000019", "123456789", 100, "1234567893", "CLINIC", number, f"TRN*1*{number}*1987654321~"
        )
        assert writer.add(entry) is None
    writer.end_batch()
    totals = writer.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert totals.entries == 20_000 and totals.size > 3_000_000
    assert peak < 500_000
