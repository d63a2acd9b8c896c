"""Whatever is written is read; whatever is cut, flipped or endless is told, and takes no memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import date
from io import RawIOBase

from hypothesis import given, settings
from hypothesis import strategies as st
from x12_written import Claim, Line, emit, read

from intake.x12.claim_837 import read_claims

names = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ'-. "), min_size=1, max_size=20).map(
    lambda t: "X" + t
)
lines = st.builds(
    Line,
    code=st.sampled_from(["HC:97530", "HC:92507:GN", "HC:T1019:U1:U2:U3:U4"]),
    cents=st.integers(0, 9_999_999_99),
    units=st.decimals(0, 9999, places=3).map(lambda d: format(d.normalize(), "f")),
    unit=st.sampled_from(["UN", "MJ"]),
    dates=st.dates(date(2016, 1, 1), date(2030, 1, 1)).map(lambda d: f"D8*{d:%Y%m%d}"),
    pointers=st.sampled_from(["1", "1:2", "2"]),
    line_id=st.text(st.sampled_from("ABC123.-_"), max_size=8),
)
claims_made = st.builds(
    Claim,
    number=st.text(st.sampled_from("ABCDEFGH0123456789-/"), min_size=1, max_size=20).map(
        lambda t: "N" + t[:19]
    ),
    frequency=st.sampled_from(["1", "7", "8"]),
    lines=st.lists(lines, min_size=1, max_size=6).map(tuple),
)


@given(st.lists(claims_made, min_size=1, max_size=5))
def test_what_was_written_is_what_is_read(written: list[Claim]) -> None:
    reading, claims = read(emit(*written))
    assert not reading.problems
    for claim, found in zip(written, claims, strict=True):
        request = found.request
        assert request is not None, found.problems
        assert (request.number, request.frequency) == (claim.number, claim.frequency)
        assert request.total_cents == sum(line.cents for line in claim.lines)
        for line, read_line in zip(claim.lines, request.lines, strict=True):
            assert read_line.charge_cents == line.cents
            assert ":".join(("HC", read_line.code, *read_line.modifiers)) == line.code
            assert (read_line.unit, f"{read_line.from_date:%Y%m%d}") == (line.unit, line.dates[3:])
            assert abs(read_line.units_thousandths - round(float(line.units) * 1000)) == 0


SAMPLE = emit(Claim(), Claim(number="REQ-2", lines=(Line(), Line(line_id="L2", cents=5))))


def test_no_prefix_of_a_file_is_taken_for_the_whole() -> None:
    whole = len(SAMPLE.rstrip())
    for cut in range(whole):
        reading, claims = read(SAMPLE[:cut])
        assert reading.problems, cut
        assert all(claim.request is None for claim in claims)
        complete = sum(segment.lstrip().startswith(b"CLM*") for segment in SAMPLE[:cut].split(b"~")[:-1])
        assert len(claims) == reading.claim_count == complete


@settings(max_examples=400)
@given(st.integers(0, len(SAMPLE) * 8 - 1))
def test_a_flipped_bit_changes_one_claim_at_most_or_is_told(bit: int) -> None:
    damaged = bytearray(SAMPLE)
    damaged[bit // 8] ^= 1 << bit % 8
    reading, claims = read(bytes(damaged))
    assert len(claims) == reading.claim_count
    if reading.problems:
        assert all(claim.request is None for claim in claims)
        return
    assert len(claims) == 2, "a lost claim is never silent"
    original = [c.request for c in read(SAMPLE)[1]]
    shared = damaged.index(b"CLM*") > bit // 8  # above the claims: provider and subscriber are those of both
    same = [claim.request == before for claim, before in zip(claims, original, strict=True)]
    assert shared or sum(same) >= 1
    assert all((claim.request is None) == bool(claim.problems) for claim in claims)


@given(st.binary(max_size=400))
def test_any_bytes_give_an_answer(data: bytes) -> None:
    reading, claims = read(data)
    assert reading.problems and claims == []


class Endless(RawIOBase):
    """A file of many claims that exists only while it is read."""

    def __init__(self, head: bytes, claim: bytes, count: int, tail: bytes) -> None:
        self._parts = (head, claim, count, tail)
        self._at: Iterator[bytes] = iter(())
        self._rest = b""
        self.seek(0)

    def seek(self, offset: int, whence: int = 0) -> int:
        head, claim, count, tail = self._parts
        self._at, self._rest = iter((head, *((claim,) * count), tail)), b""
        return 0

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            more = next(self._at, None)
            if more is None:
                break
            self._rest += more
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def test_memory_does_not_grow_with_the_file() -> None:
    one = "".join(segment + "~\n" for segment in Claim().segments()).encode()
    head, tail = emit(Claim()).split(one)
    peaks = []
    for count in (2000, 10_000):
        segments = 15 + count * one.count(b"~")
        closing = tail.replace(tail[: tail.index(b"*0001")], b"SE*" + str(segments).encode())
        file = Endless(head, one, count, closing)
        tracemalloc.start()
        reading = read_claims(file)  # type: ignore[arg-type]
        assert sum(claim.request is not None for claim in reading.claims) == count, reading.problems
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
