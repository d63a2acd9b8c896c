"""The reader: frames that banks send, every prefix, every flipped bit, and a second reader's opinion of
our files.
"""

import gzip
import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import achkit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payout.nacha import (
    BatchFacts,
    Entry,
    EntryDetail,
    Fault,
    FileFacts,
    FileWriter,
    Frame,
    NachaRefused,
    read_records,
    read_return_file,
)

FILE = FileFacts(
    "121042882", "121042882", datetime(2026, 11, 16, 9, 30, tzinfo=UTC), "B", "ODFI BANK", "DEMO HEALTH PLAN"
)


def ours(count: int = 3, batches: int = 1) -> bytes:
    out = io.BytesIO()
    writer = FileWriter(out.write, FILE)
    sequence = 0
    for number in range(1, batches + 1):
        writer.begin_batch(
            BatchFacts("PLAN", "1987654321", "CCD", "HCCLAIMPMT", date(2026, 11, 17), "12104288", number)
        )
        for _ in range(count):
            sequence += 1
            entry = Entry(
                22, "091000019", f"98765{sequence}", 100 + sequence, "1234567893", "OAKWOOD CLINIC",
                sequence, f"TRN*1*{sequence:012d}*1987654321~",
            )  # fmt: skip
            assert writer.add(entry) is None
        writer.end_batch()
    writer.close()
    return out.getvalue()


RETURNS = (
    f"101 {'121042882'} {'121042882'}2611181200A094101{'DEMO HEALTH PLAN':23}{'ODFI BANK':23}{'':8}\n"
    "5200DEMO HEALTH PLAN                    1987654321CCDHCCLAIMPMT261117261117   1121042880000001\n"
    "621121042882123456789        00000130001234567893     OAKWOOD CLINIC          1091000010000001\n"
    "799R03121042880000001      09100001                                            091000010000001\n"
    "621121042882000987654        00000045251558598797     ELM STREET THERAPY      1021000020000001\n"
    "799R02121042880000002      02100002CLOSED LAST WEEK                            021000020000001\n"
    "820000000400242085760000000000000000000175251987654321                         121042880000001\n"
    "9000001000001000000040024208576000000000000000000017525                                       \n"
    + ("9" * 94 + "\n")
    * 2
).encode()


def money(data: bytes, frame: Frame = Frame.LENIENT) -> list[tuple[int, str, int, str]]:
    return [
        (r.code, r.routing, r.amount_cents, r.trace)
        for r in read_records(io.BytesIO(data), frame)
        if isinstance(r, EntryDetail)
    ]


def test_a_return_file_is_read_whole() -> None:
    read = read_return_file(io.BytesIO(RETURNS))
    assert [
        (r.code, r.original_trace, r.original_rdfi, r.amount_cents, r.is_credit) for r in read.returned
    ] == [
        ("R03", "121042880000001", "09100001", 13000, True),
        ("R02", "121042880000002", "02100002", 4525, True),
    ]
    assert read.returned[1].information == "CLOSED LAST WEEK"


def test_a_notification_of_change_is_read() -> None:
    returned = b"799R03121042880000001      09100001" + b" " * 44
    change = b"798C01121042880000001      09100001" + b"77" + b" " * 42
    data = (
        RETURNS.replace(returned, change)
        .replace(b"123456789        0000013000", b"123456789        0000000000")
        .replace(b"000000017525", b"000000004525")
    )
    read = read_return_file(io.BytesIO(data))
    assert [(c.code, c.original_trace, c.corrected) for c in read.changes] == [
        ("C01", "121042880000001", "77")
    ]
    assert len(read.returned) == 1


@pytest.mark.parametrize("data", [ours(), RETURNS], ids=["ours", "returns"])
def test_frames_of_banks_change_nothing_about_the_money(data: bytes) -> None:
    lines = data.decode().splitlines()
    no_filler = [line for line in lines if line != "9" * 94]
    frames = {
        "crlf": "\r\n".join(lines) + "\r\n",
        "no final newline": "\n".join(lines),
        "trailing blanks cut": "\n".join(line.rstrip() for line in lines),
        "no filler": "\n".join(no_filler) + "\n",
        "one line": "".join(lines),
        "one line, no filler, newline": "".join(no_filler) + "\n",
        "blank lines behind": data.decode() + "\n\n\r\n",
    }
    for name, framed in frames.items():
        assert money(framed.encode()) == money(data), name


@pytest.mark.parametrize(
    ("change", "fault", "line"),
    [
        (lambda d: b"", Fault.EMPTY, None),
        (lambda d: d.split(b"\n", 1)[1], Fault.ORDER, 1),
        (lambda d: d.split(b"\n", 1)[0] + b"\n" + d, Fault.ORDER, 2),
        (lambda d: d[: d.index(b"\n9000001") + 1], Fault.TRUNCATED, 9),
        (lambda d: d + d, Fault.ORDER, 11),
        (lambda d: b"\n".join(d.split(b"\n")[:8]) + b"\n" + b"\n".join(d.split(b"\n")[9:]), Fault.ORDER, 9),
        (lambda d: d.replace(b"OAKWOOD", b"OAKWO\xc3", 1), Fault.CHARSET, 3),
        (lambda d: d.replace(b"OAKWOOD", b"OAKWOOOD", 1), Fault.LENGTH, 3),
        (lambda d: d.replace(b"0000000101", b"00000001 1", 1), Fault.NUMBER, 3),
        (lambda d: d.replace(b"0000000101", b"0000-00101", 1), Fault.NUMBER, 3),
        (lambda d: d.replace(b"0000000101", b"0000000100", 1), Fault.CONTROL, 9),
        (lambda d: d.replace(b"622091000019", b"622091000018", 1), Fault.ROUTING, 3),
        (lambda d: d.replace(b"622091000019", b"699091000019", 1), Fault.TRANSACTION_CODE, 3),
        (lambda d: d.replace(b"622091000019", b"627091000019", 1), Fault.SERVICE_CLASS, 3),
        (lambda d: d.replace(b"CCDHCC", b"ZZZHCC", 1), Fault.SEC_CODE, 2),
        (lambda d: d.replace(b"5220PLAN", b"5999PLAN", 1), Fault.SERVICE_CLASS, 2),
        (lambda d: d.replace(b"00010000001", b"00020000001", 1), Fault.ADDENDA, 4),
        (lambda d: d.replace(b"00010000001", b"00010000002", 1), Fault.TRACE, 4),
        (lambda d: d.replace(b"121042880000003\n", b"121042880000002\n", 1), Fault.TRACE, 7),
        (lambda d: d.replace(b"121042880000002\n", b"111111110000002\n", 1), Fault.TRACE, 5),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_trusted_is_refused_at_its_line(
    change: Callable[[bytes], bytes], fault: Fault, line: int | None
) -> None:
    with pytest.raises(NachaRefused) as refused:
        money(change(ours()), Frame.STRICT)
    assert (refused.value.fault, refused.value.line) == (fault, line)


def test_a_refusal_never_repeats_what_stands_in_the_file() -> None:
    with pytest.raises(NachaRefused) as refused:
        money(ours().replace(b"98765", b"9876\xe5", 1), Frame.STRICT)
    assert "9876" not in str(refused.value)


def test_a_file_above_the_limit_is_refused_while_it_is_read() -> None:
    with pytest.raises(NachaRefused) as refused:
        list(read_records(io.BytesIO(ours()), max_bytes=500))
    assert refused.value.fault is Fault.TOO_LARGE
    with pytest.raises(NachaRefused):
        list(read_records(io.BytesIO(b"1" * 10_000_000), Frame.STRICT))


def test_every_prefix_is_refused_or_says_the_same_money() -> None:
    for data in (ours(), RETURNS):
        whole = money(data)
        for cut in range(len(data)):
            with pytest.raises(NachaRefused):
                money(data[:cut], Frame.STRICT)
            try:
                assert money(data[:cut]) == whole  # only filler or trailing blanks were cut
            except NachaRefused:
                continue


def test_a_flipped_bit_in_a_number_that_money_hangs_on_is_found() -> None:
    data = ours()
    protected = {"6": [(29, 39), (3, 11), (79, 94)], "8": [(4, 44), (79, 94)], "9": [(1, 55)]}
    tried = 0
    missed = []
    for number, line in enumerate(data.decode().splitlines()):
        if line == "9" * 94:
            continue
        for start, end in protected.get(line[0], []):
            for column in range(start, end):
                for bit in range(8):
                    flipped = bytearray(data)
                    flipped[number * 95 + column] ^= 1 << bit
                    tried += 1
                    try:
                        money(bytes(flipped), Frame.STRICT)
                        missed.append((number, column, bit))
                    except NachaRefused:
                        pass
    assert tried > 1000
    # The trace sequence has no check of its own where no addenda repeats it; here every entry has one.
    assert missed == []


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_get_a_typed_answer(noise: bytes) -> None:
    for data in (noise, RETURNS[:190] + noise, ours()[:380] + noise):
        for frame in Frame:
            try:
                money(data, frame)
            except NachaRefused as refused:
                assert refused.fault in Fault


def test_a_second_reader_agrees_with_what_we_write() -> None:
    text = ours(count=7, batches=3).decode()
    assert achkit.validate(text)["ok"]
    theirs = [
        (e["routing"], e["account"], e["amount_cents"], e["trace_number"], e["addenda"][0]["info"])
        for batch in achkit.parse(text)["batches"]
        for e in batch["entries"]
    ]
    assert theirs == [
        ("091000019", f"98765{n}", 100 + n, f"12104288{n:07d}", f"TRN*1*{n:012d}*1987654321~")
        for n in range(1, 22)
    ]


def test_a_file_of_blank_lines_is_empty() -> None:
    for blank in (b"\n\n\n", b"\r\n", b""):
        with pytest.raises(NachaRefused) as refused:
            money(blank)
        assert refused.value.fault is Fault.EMPTY


def test_a_compressed_file_is_no_file() -> None:
    with pytest.raises(NachaRefused):
        money(gzip.compress(ours()), Frame.LENIENT)
