"""The same files read by pyx12, an independent reader, and by ours. The files lie beside the checkout, not in it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from intake.x12.claim_837 import read_claims
from intake.x12.tokenizer import read_segments
from throughline.reasons import Reason

pyx12_file = pytest.importorskip("pyx12.x12file")
DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "x12-837p"
FILES = sorted(DATA.glob("*/*")) if DATA.is_dir() else []
pytestmark = pytest.mark.skipif(not FILES, reason=f"no sample 837P files at {DATA}")


def segments_by_pyx12(path: Path) -> list[list[str]]:
    reader = pyx12_file.X12Reader(StringIO(path.read_text("utf-8")))
    return [segment.format("", "*", ":").split("*") for segment in reader]


def trimmed(elements: list[str]) -> list[str]:
    """pyx12 drops trailing empty elements and components."""
    kept = [
        element.rstrip(":") if number and elements[0] != "ISA" else element
        for number, element in enumerate(elements)
    ]
    while kept and not kept[-1]:
        kept.pop()
    return kept


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_both_readers_see_the_same_segments(path: Path) -> None:
    with path.open("rb") as file:
        ours = [trimmed(segment.elements) for segment in read_segments(file)]
    assert ours == [trimmed(elements) for elements in segments_by_pyx12(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_claim_that_pyx12_sees_is_accounted_for(path: Path) -> None:
    numbers = [elements[1] for elements in segments_by_pyx12(path) if elements[0] == "CLM"]
    with path.open("rb") as file:
        reading = read_claims(file)
        claims = list(reading.claims)
    assert [claim.number for claim in claims] == numbers
    assert reading.claim_count == len(numbers)
    for claim in claims:
        assert (claim.request is None) == bool(claim.problems)
        assert all(problem.field and problem.detail for problem in claim.problems)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_both_readers_agree_on_the_envelope(path: Path) -> None:
    reader = pyx12_file.X12Reader(StringIO(path.read_text("utf-8")))
    for _ in reader:
        pass
    theirs = {str(error[1]) for error in reader.pop_errors()}
    with path.open("rb") as file:
        ours = {problem.reason for problem in read_claims(file).problems}
    assert bool(ours) == bool(theirs - {"HL1", "HL2"}), (ours, theirs)
    assert ours <= {Reason.ENVELOPE_COUNT}
