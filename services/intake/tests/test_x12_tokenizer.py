"""Segments from bytes: separators as ISA tells them, positions, and a typed error for whatever is not X12."""

from __future__ import annotations

from io import BytesIO

import pytest

from intake.x12.envelope import Envelope, walk
from intake.x12.tokenizer import X12Error, read_segments
from throughline.reasons import Reason

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261116*0930*^*00501*000000001*0*T*:~"
BODY = (
    "GS*HC*S*R*20261116*0930*7*X*005010X222A1~ST*837*0001*005010X222A1~BHT*0019*00*1*20261116*0930*CH~"
    "SE*3*0001~GE*1*7~"
)
WHOLE = ISA + BODY + "IEA*1*000000001~"


def read(text: str | bytes) -> list[list[str]]:
    data = text.encode() if isinstance(text, str) else text
    return [segment.elements for segment in read_segments(BytesIO(data))]


def error_of(data: bytes) -> X12Error:
    with pytest.raises(X12Error) as caught:
        list(read_segments(BytesIO(data)))
    return caught.value


def test_positions_are_those_of_the_file() -> None:
    segments = list(read_segments(BytesIO(WHOLE.encode())))
    assert [s.id for s in segments] == ["ISA", "GS", "ST", "BHT", "SE", "GE", "IEA"]
    assert [s.index for s in segments] == [1, 2, 3, 4, 5, 6, 7]
    assert all(WHOLE.encode()[s.offset :].startswith(s.id.encode()) for s in segments)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\n  \t"])
def test_line_ends_and_blanks_after_a_terminator_are_no_data(line_end: str) -> None:
    assert read(WHOLE.replace("~", "~" + line_end)) == read(WHOLE)


def test_a_byte_order_mark_and_leading_blanks_are_passed_over() -> None:
    assert read(b"\xef\xbb\xbf\r\n  " + WHOLE.encode() + b"\n\n") == read(WHOLE)


@pytest.mark.parametrize(
    ("element", "repetition", "component", "terminator"), ["|^>\n", "\x1d\x1f\x1c\x1e", "+!:'"]
)
def test_separators_are_those_of_the_isa(
    element: str, repetition: str, component: str, terminator: str
) -> None:
    table = str.maketrans("*^:~", element + repetition + component + terminator)
    found = read(WHOLE.translate(table))
    assert [s[0] for s in found] == ["ISA", "GS", "ST", "BHT", "SE", "GE", "IEA"]
    assert found[0][11:] == [repetition, "00501", "000000001", "0", "T", component]


def test_a_second_interchange_may_have_other_separators() -> None:
    other = WHOLE.translate(str.maketrans("*~", "|!"))
    assert [s[0] for s in read(WHOLE + "\n" + other)] == [s[0] for s in read(WHOLE)] * 2


def test_a_file_that_comes_in_single_bytes_reads_the_same() -> None:
    class Trickle(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(1)

    assert [s.elements for s in read_segments(Trickle(WHOLE.encode()))] == read(WHOLE)


@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [
        (b"", Reason.EMPTY, "ISA (segment 1, byte 0)"),
        (b" \r\n\n", Reason.EMPTY, "ISA (segment 1, byte 4)"),
        (b"%PDF-1.7", Reason.NOT_X12, "ISA (segment 1, byte 0)"),
        (b"PK\x03\x04", Reason.NOT_X12, "ISA (segment 1, byte 0)"),
        (b'{"request": 1}', Reason.NOT_X12, "ISA (segment 1, byte 0)"),
        (WHOLE.encode("utf-16"), Reason.NOT_X12, "ISA (segment 1, byte 0)"),
        (ISA[:60].encode(), Reason.TRUNCATED, "ISA (segment 1, byte 0)"),
        (WHOLE.replace("SENDER         ", "SENDER").encode(), Reason.NOT_X12, "ISA06 (segment 1, byte 0)"),
        (WHOLE.replace("*:~", "*A~").encode(), Reason.NOT_X12, "ISA16 (segment 1, byte 0)"),
        (WHOLE.replace("*^*", "*:*").encode(), Reason.NOT_X12, "ISA16 (segment 1, byte 0)"),
        (WHOLE.replace("*^*", "* *").encode(), Reason.NOT_X12, "ISA11 (segment 1, byte 0)"),
        (WHOLE[:-1].encode(), Reason.TRUNCATED, f"IEA (segment 7, byte {len(ISA + BODY)})"),
        ((ISA + BODY).encode(), Reason.TRUNCATED, f"IEA (segment 7, byte {len(ISA + BODY)})"),
        (WHOLE[:130].encode(), Reason.TRUNCATED, "GS (segment 2, byte 106)"),
        (ISA.encode() + b"G" * 70_000 + b"~", Reason.SEGMENT, "GGG (segment 2, byte 106)"),
        (WHOLE.replace("BHT", "b t").encode(), Reason.SEGMENT, "segment id (segment 4, byte 172)"),
        (WHOLE.encode() + b"\x1a", Reason.NOT_X12, f"ISA (segment 8, byte {len(WHOLE)})"),
    ],
)
def test_what_is_not_whole_x12_is_refused_by_segment_and_position(
    data: bytes, reason: Reason, field: str
) -> None:
    error = error_of(data)
    assert (error.reason, error.field) == (reason, field)
    assert error.what


def test_bytes_that_are_not_utf8_stay_where_they_stand() -> None:
    found = read(WHOLE.encode().replace(b"0019", b"00\xe9"))
    assert found[3][1] == "00\udce9"


def errors_of(text: str) -> list[tuple[Reason, str]]:
    envelope = Envelope()
    list(walk(BytesIO(text.encode()), envelope))
    return [(error.reason, error.field.split(" (")[0]) for error in envelope.errors]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("SE*3*", "SE*4*", [(Reason.ENVELOPE_COUNT, "SE01")]),
        ("SE*3*", "SE*x*", [(Reason.ENVELOPE_COUNT, "SE01")]),
        ("SE*3*0001", "SE*3*0002", [(Reason.ENVELOPE_COUNT, "SE02")]),
        ("GE*1*", "GE*2*", [(Reason.ENVELOPE_COUNT, "GE01")]),
        ("GE*1*7", "GE*1*8", [(Reason.ENVELOPE_COUNT, "GE02")]),
        ("IEA*1*", "IEA*0*", [(Reason.ENVELOPE_COUNT, "IEA01")]),
        ("IEA*1*000000001", "IEA*1*000000002", [(Reason.ENVELOPE_COUNT, "IEA02")]),
        ("SE*3*0001~", "", [(Reason.SEGMENT, "GE")]),
        ("GE*1*7~", "", [(Reason.SEGMENT, "IEA")]),
        (
            "ST*837*0001*005010X222A1~",
            "",
            [(Reason.SEGMENT, "BHT"), (Reason.SEGMENT, "SE"), (Reason.ENVELOPE_COUNT, "GE01")],
        ),
        (
            "GS*HC*S*R*20261116*0930*7*X*005010X222A1~",
            "",
            [(Reason.SEGMENT, "ST"), (Reason.SEGMENT, "GE"), (Reason.ENVELOPE_COUNT, "IEA01")],
        ),
        ("ST*837*0001*", "ST*837**", [(Reason.ENVELOPE_COUNT, "ST02"), (Reason.ENVELOPE_COUNT, "SE02")]),
        ("GE*1*7~", "ST*837*0001*005010X222A1~SE*2*0001~GE*2*7~", [(Reason.ENVELOPE_COUNT, "ST02")]),
    ],
)
def test_controls_that_do_not_agree_are_named(old: str, new: str, expected: list[tuple[Reason, str]]) -> None:
    assert old in WHOLE
    assert errors_of(WHOLE.replace(old, new)) == expected


def test_a_whole_envelope_has_no_breach() -> None:
    assert errors_of(WHOLE) == []
