"""Professional claims: what a CLM becomes, field by field, and that none is ever lost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO, RawIOBase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.file_claims import FileClaim, FileReading
from intake.x12.claim_837 import read_claims
from throughline.money import decimal_of
from throughline.reasons import Reason
from throughline.requests import PaymentRequest

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261116*0930*^*00501*000000001*0*T*:"


@dataclass(frozen=True)
class Line:
    code: str = "HC:97530:GP"
    cents: int = 12000
    units: str = "2"
    unit: str = "UN"
    dates: str = "D8*20261102"
    pointers: str = "1"
    line_id: str = "L1"
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """The emitter of these tests: written from the guide, not from the reader."""

    number: str = "REQ-1001"
    total: int | None = None
    frequency: str = "1"
    lines: tuple[Line, ...] = (Line(),)
    diagnoses: str = "HI*ABK:F840*ABF:R480"
    extra: tuple[str, ...] = ()

    def segments(self) -> Iterator[str]:
        total = sum(line.cents for line in self.lines) if self.total is None else self.total
        yield f"CLM*{self.number}*{decimal_of(total)}***11:B:{self.frequency}*Y*A*Y*Y"
        yield from self.extra
        if self.diagnoses:
            yield self.diagnoses
        for number, line in enumerate(self.lines, 1):
            yield f"LX*{number}"
            yield f"SV1*{line.code}*{decimal_of(line.cents)}*{line.unit}*{line.units}***{line.pointers}"
            yield f"DTP*472*{line.dates}"
            if line.line_id:
                yield f"REF*6R*{line.line_id}"
            yield from line.extra


BILLING = (
    "HL*1**20*1",
    "NM1*85*2*OAKWOOD CLINIC*****XX*1234567893",
    "N3*1 ELM ST",
    "N4*SACRAMENTO*CA*95814",
    "REF*EI*941234567",
)
SUBSCRIBER = (
    "HL*2*1*22*0",
    "SBR*P*18*******CI",
    "NM1*IL*1*DOE*JANE****MI*M0001",
    "DMG*D8*19800229*F",
    "NM1*PR*2*DEMO HEALTH PLAN*****PI*DEMOPLAN",
)


def emit(
    *claims: Claim,
    version: str = "005010X222A1",
    above: tuple[str, ...] = BILLING + SUBSCRIBER,
    bht: str = "BHT*0019*00*1*20261116*0930*CH",
) -> bytes:
    body = ["ST*837*0001*" + version, bht, "NM1*41*2*SENDER*****46*S1", "NM1*40*2*RECEIVER*****46*R1"]
    body += [*above, *(segment for claim in claims for segment in claim.segments())]
    body.append(f"SE*{len(body) + 1}*0001")
    segments = [ISA, f"GS*HC*S*R*20261116*0930*7*X*{version}", *body, "GE*1*7", "IEA*1*000000001"]
    return "".join(segment + "~\n" for segment in segments).encode()


def read(data: bytes) -> tuple[FileReading, list[FileClaim]]:
    reading = read_claims(BytesIO(data))
    return reading, list(reading.claims)


def only_request(data: bytes) -> PaymentRequest:
    reading, claims = read(data)
    assert not reading.problems and len(claims) == 1
    assert claims[0].problems == ()
    assert claims[0].request is not None
    return claims[0].request


def problems_of(data: bytes) -> list[tuple[Reason, str]]:
    _, claims = read(data)
    assert len(claims) == 1
    assert (claims[0].request is None) == bool(claims[0].problems)
    return [(p.reason, (p.field or "").split(" (")[0]) for p in claims[0].problems]


def test_every_field_of_a_claim_is_read() -> None:
    extra = ("REF*F8*T0123456789ABCDEF", "REF*G1*AUTH77", "REF*9F*REFERRAL", "CN1*09**1*C-2026")
    line = Line(
        line_id="A.1", units="1.5", dates="RD8*20261101-20261102", pointers="2:1", code="HC:97530:GP:59:KX:22"
    )
    request = only_request(
        emit(Claim(frequency="7", extra=(*extra, "NM1*82*1*ROE*ANN****XX*1558598797"), lines=(line,)))
    )
    assert (request.number, request.frequency, request.total_cents) == ("REQ-1001", "7", 12000)
    assert (request.payer_claim_number, request.authorisation_number) == ("T0123456789ABCDEF", "AUTH77")
    assert (request.contract_id, request.rendering_provider) == ("C-2026", "1558598797")
    assert (request.payer, request.programme, request.place_of_service) == ("DEMOPLAN", "medical", "11")
    assert (request.payee.kind, request.payee.identifier, request.payee.name) == (
        "npi",
        "1234567893",
        "OAKWOOD CLINIC",
    )
    assert request.payee.tin.reveal() == "941234567"
    assert request.subject.member_id.reveal() == "M0001"
    assert request.subject.last_name.reveal() == "DOE"
    assert request.subject.first_name is not None and request.subject.first_name.reveal() == "JANE"
    assert request.subject.birth_date is not None and request.subject.birth_date.reveal() == "1980-02-29"
    assert request.diagnoses == ("F840", "R480")
    only = request.lines[0]
    assert (only.line_id, only.code, only.modifiers) == ("A.1", "97530", ("GP", "59", "KX", "22"))
    assert (only.units_thousandths, only.unit, only.charge_cents) == (1500, "UN", 12000)
    assert (only.from_date, only.to_date) == (date(2026, 11, 1), date(2026, 11, 2))
    assert only.diagnosis_pointers == (2, 1)


def test_a_dependant_is_named_by_the_patient_loop_and_found_by_the_subscribers_id() -> None:
    patient = ("HL*3*2*23*0", "PAT*19", "NM1*QC*1*DOE*TED", "DMG*D8*20150101*M")
    request = only_request(emit(Claim(), above=BILLING + SUBSCRIBER + patient))
    assert request.subject.member_id.reveal() == "M0001"
    assert request.subject.first_name is not None and request.subject.first_name.reveal() == "TED"
    assert request.subject.birth_date is not None and request.subject.birth_date.reveal() == "2015-01-01"


def test_a_pay_to_address_does_not_touch_the_billing_provider() -> None:
    pay_to = ("NM1*87*2", "N3*OTHER", "N4*MIAMI*FL*33111", "REF*EI*999999999")
    assert only_request(emit(Claim(), above=BILLING + pay_to + SUBSCRIBER)).payee.tin.reveal() == "941234567"


def test_other_insurance_does_not_touch_the_claims_own_subscriber_and_payer() -> None:
    other = (
        "SBR*S*18*******CI",
        "OI***Y***Y",
        "NM1*IL*1*ROE*TOM****MI*OTHER",
        "NM1*PR*2*SECOND*****PI*SECOND",
        "REF*F8*NOT-OURS",
    )
    request = only_request(emit(Claim(extra=other, diagnoses="")))
    assert (request.payer, request.payer_claim_number) == ("DEMOPLAN", None)
    assert request.subject.member_id.reveal() == "M0001"


def test_a_line_without_its_own_id_is_named_by_its_number() -> None:
    assert only_request(emit(Claim(lines=(Line(line_id=""), Line(line_id=""))))).lines[1].line_id == "2"


def test_old_services_are_coded_in_icd_9() -> None:
    old = Claim(diagnoses="HI*BK:0340*BF:V7389", lines=(Line(dates="D8*20061003"),))
    assert only_request(emit(old)).diagnoses == ("0340", "V7389")


BAD: list[tuple[str, bytes, list[tuple[Reason, str]]]] = [
    (
        "amount with three decimals",
        emit(Claim()).replace(b"*120***", b"*120.005***"),
        [(Reason.FORMAT, "CLM02")],
    ),
    ("amount with a letter", emit(Claim()).replace(b"GP*120*", b"GP*12O*"), [(Reason.FORMAT, "SV102")]),
    ("negative amount", emit(Claim()).replace(b"GP*120*", b"GP*-120*"), [(Reason.FORMAT, "SV102")]),
    ("frequency 6", emit(Claim(frequency="6")), [(Reason.FORMAT, "CLM05")]),
    ("number with an odd sign", emit(Claim(number="A&B")), [(Reason.FORMAT, "CLM01")]),
    ("no number", emit(Claim(number="")), [(Reason.FORMAT, "CLM01")]),
    ("date that does not exist", emit(Claim(lines=(Line(dates="D8*20260230"),))), [(Reason.DATE, "DTP03")]),
    ("date qualifier", emit(Claim(lines=(Line(dates="TM*0930"),))), [(Reason.FORMAT, "DTP02")]),
    ("no date", emit(Claim()).replace(b"DTP*472", b"DTP*471"), [(Reason.SEGMENT, "LX")]),
    ("no service", emit(Claim()).replace(b"SV1*", b"SV5*"), [(Reason.SEGMENT, "LX")]),
    ("no line", emit(Claim(lines=(), total=100)), [(Reason.SEGMENT, "CLM")]),
    ("51 lines", emit(Claim(lines=(Line(),) * 51)), [(Reason.LIMITS, "LX")]),
    ("not HCPCS", emit(Claim(lines=(Line(code="IV:97530"),))), [(Reason.FORMAT, "SV101")]),
    ("long code", emit(Claim(lines=(Line(code="HC:97530ABCD"),))), [(Reason.FORMAT, "SV101")]),
    ("modifier of one letter", emit(Claim(lines=(Line(code="HC:97530:G"),))), [(Reason.FORMAT, "SV101")]),
    ("unit", emit(Claim(lines=(Line(unit="DA"),))), [(Reason.FORMAT, "SV103")]),
    ("units with four decimals", emit(Claim(lines=(Line(units="1.0001"),))), [(Reason.FORMAT, "SV104")]),
    ("pointer to nothing", emit(Claim(lines=(Line(pointers="x"),))), [(Reason.FORMAT, "SV107")]),
    ("pointer 13", emit(Claim(lines=(Line(pointers="13"),))), [(Reason.FORMAT, "SV107")]),
    (
        "diagnosis without code",
        emit(Claim(diagnoses="HI*ABK*F840")),
        [(Reason.FORMAT, "HI01"), (Reason.FORMAT, "HI02")],
    ),
    ("ICD-9 today", emit(Claim(diagnoses="HI*BK:0340")), [(Reason.FORMAT, "HI01")]),
    ("encounter", emit(Claim(), bht="BHT*0019*00*1*20261116*0930*RP"), [(Reason.FORMAT, "BHT06")]),
    ("secondary claim", emit(Claim()).replace(b"SBR*P", b"SBR*S"), [(Reason.FORMAT, "SBR01")]),
    ("paid before", emit(Claim(extra=("SBR*S*18", "AMT*D*50"), diagnoses="")), [(Reason.FORMAT, "AMT02")]),
    ("benefits not assigned", emit(Claim()).replace(b"*Y*A*Y*Y", b"*Y*A*N*Y"), [(Reason.FORMAT, "CLM08")]),
    (
        "payee without NPI",
        emit(Claim()).replace(b"XX*1234567893", b"24*941234567"),
        [(Reason.FORMAT, "NM108")],
    ),
    ("payee without TIN", emit(Claim()).replace(b"REF*EI", b"REF*0B"), [(Reason.MISSING, "NM1")]),
    ("short TIN", emit(Claim()).replace(b"REF*EI*941234567", b"REF*EI*94123456"), [(Reason.FORMAT, "REF02")]),
    ("no subscriber", emit(Claim()).replace(b"NM1*IL", b"NM1*XX"), [(Reason.SEGMENT, "HL")]),
    ("no member id", emit(Claim()).replace(b"MI*M0001", b"MI*"), [(Reason.MISSING, "NM109")]),
    ("no payer", emit(Claim()).replace(b"NM1*PR", b"NM1*XX"), [(Reason.SEGMENT, "HL")]),
    (
        "no levels",
        emit(Claim(), above=()),
        [
            (Reason.SEGMENT, "CLM"),
            (Reason.SEGMENT, "CLM"),
            (Reason.SEGMENT, "CLM"),
            (Reason.SEGMENT, "CLM"),
            (Reason.SEGMENT, "CLM"),
        ],
    ),
    ("hanging level", emit(Claim()).replace(b"HL*2*1*22", b"HL*2*9*22"), [(Reason.SEGMENT, "HL02")]),
    ("line outside a claim", emit(Claim(), above=(*BILLING, *SUBSCRIBER, "LX*1")), [(Reason.SEGMENT, "LX")]),
    (
        "two services in a line",
        emit(Claim(lines=(Line(extra=("SV1*HC:97530*1*UN*1***1",)),))),
        [(Reason.SEGMENT, "SV1")],
    ),
    (
        "two rendering providers",
        emit(
            Claim(
                extra=("NM1*82*1*A*B****XX*1558598797",),
                diagnoses="",
                lines=(Line(extra=("NM1*82*1*C*D****XX*1234567893",)),),
            )
        ),
        [(Reason.FORMAT, "NM109")],
    ),
    ("name that is not UTF-8", emit(Claim()).replace(b"DOE", b"D\xd6E"), [(Reason.FORMAT, "NM103")]),
]


@pytest.mark.parametrize(("data", "expected"), [pytest.param(*case[1:], id=case[0]) for case in BAD])
def test_a_claim_that_cannot_be_read_says_where(data: bytes, expected: list[tuple[Reason, str]]) -> None:
    assert problems_of(data) == expected


def test_a_number_that_no_answer_could_carry_is_not_handed_on() -> None:
    _, claims = read(emit(Claim(number="A&B"), Claim(number="")))
    assert [(claim.position, claim.number) for claim in claims] == [(1, None), (2, None)]


def test_no_problem_repeats_what_the_file_said() -> None:
    for name, data, _ in BAD:
        told = str([(p.field, p.detail) for claim in read(data)[1] for p in claim.problems])
        assert not any(secret in told for secret in ("DOE", "JANE", "M0001", "94123456", "19800229")), name


@pytest.mark.parametrize("version", ["004010X098A1", "005010X222", "005010X223A2", "005010X222A3", ""])
def test_claims_of_another_guide_are_each_accounted_for(version: str) -> None:
    reading, claims = read(emit(Claim(), Claim(number="REQ-2"), version=version))
    assert not reading.problems
    assert [(c.position, c.number, c.request) for c in claims] == [(1, "REQ-1001", None), (2, "REQ-2", None)]
    assert {(p.reason, (p.field or "").split(" (")[0]) for c in claims for p in c.problems} == {
        (Reason.GUIDE_VERSION, "GS08")
    }


def test_the_second_amendment_is_read_too() -> None:
    assert only_request(emit(Claim(), version="005010X222A2")).number == "REQ-1001"


def test_a_bad_claim_does_not_touch_its_neighbours() -> None:
    reading, claims = read(emit(Claim(), Claim(number="BAD", frequency="6"), Claim(number="REQ-3")))
    assert not reading.problems
    assert [c.request is not None for c in claims] == [True, False, True]


def test_a_file_that_is_not_whole_applies_nothing_and_still_counts_every_claim() -> None:
    reading, claims = read(emit(Claim(), Claim(number="REQ-2")).replace(b"GE*1*", b"GE*2*"))
    assert [p.reason for p in reading.problems] == [Reason.ENVELOPE_COUNT]
    assert reading.claim_count == len(claims) == 2
    assert all(c.request is None and c.problems[0].reason is Reason.ENVELOPE_COUNT for c in claims)


@pytest.mark.parametrize("kind", ["835", "277", ""])
def test_another_transaction_set_refuses_the_file(kind: str) -> None:
    reading, _ = read(emit(Claim()).replace(b"ST*837", b"ST*" + kind.encode()))
    assert [(p.reason, (p.field or "").split(" (")[0]) for p in reading.problems] == [
        (Reason.GUIDE_VERSION, "ST01")
    ]


def test_a_segment_that_the_guide_does_not_know_is_damage() -> None:
    reading, claims = read(emit(Claim(extra=("BLM*1",)), Claim(number="REQ-2")))
    assert [(p.reason, (p.field or "").split(" (")[0]) for p in reading.problems] == [(Reason.SEGMENT, "BLM")]
    assert [claim.request for claim in claims] == [None, None]


def test_a_file_without_claims_says_so() -> None:
    reading, claims = read(emit())
    assert [p.reason for p in reading.problems] == [Reason.EMPTY] and claims == []


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


def test_a_claim_keeps_its_place_when_the_one_before_is_unreadable() -> None:
    _, claims = read(emit(replace(Claim(), number="", lines=()), Claim()))
    assert [(c.position, c.number) for c in claims] == [(1, None), (2, "REQ-1001")]
    assert claims[1].where.startswith("CLM (segment ")
