"""Professional claims: what a CLM becomes, field by field, and that none is ever lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from x12_written import BILLING, SUBSCRIBER, Claim, Line, emit, only_request, problems_of, read

from throughline.reasons import Reason


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


def test_a_claim_keeps_its_place_when_the_one_before_is_unreadable() -> None:
    _, claims = read(emit(replace(Claim(), number="", lines=()), Claim()))
    assert [(c.position, c.number) for c in claims] == [(1, None), (2, "REQ-1001")]
    assert claims[1].where.startswith("CLM (segment ")
