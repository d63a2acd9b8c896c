"""The 835: segments as the guide wants them, three balances, names by rule, and never a damaged file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remittance.balance import Unbalanced, check
from remittance.transaction import (
    Cas,
    ClaimPayment,
    PayeeParty,
    PayerParty,
    PostalAddress,
    ServicePayment,
    Transaction,
    grouped,
)
from remittance.x12_835 import NotReadBack, write_835
from remittance.x12_835_read import Unreadable, read_transaction, split_segments
from remittance.x12_text import NotEncodable, identifier, name
from throughline.money import cents_of

ADDRESS = PostalAddress("1 MAIN STREET", "SACRAMENTO", "CA", "95814")
PAYER = PayerParty("DEMO HEALTH PLAN", ADDRESS, "EDI HELP", "8005550100", "1987654321")
PAYEE = PayeeParty("OAKWOOD CLINIC", "XX", "1234567893", "941234567", ADDRESS)


def line(**changes: Any) -> ServicePayment:
    made = ServicePayment(
        code="97530",
        modifiers=("GP", "59"),
        charge_cents=12000,
        paid_cents=9000,
        units_thousandths=2000,
        from_date=date(2026, 11, 2),
        to_date=date(2026, 11, 2),
        adjustments=(Cas("CO", "45", 2000), Cas("PR", "2", 1000)),
        line_id="L1",
        allowed_cents=10000,
    )
    return replace(made, **changes)


def claim(*lines: ServicePayment, **changes: Any) -> ClaimPayment:
    adjustments = [one for each in lines for one in each.adjustments]
    made = ClaimPayment(
        number="REQ-1001",
        charge_cents=sum(each.charge_cents for each in lines),
        paid_cents=sum(each.paid_cents for each in lines),
        patient_cents=sum(one.amount_cents for one in adjustments if one.group == "PR"),
        control_number="T0123456789ABCDEF",
        place_of_service="11",
        frequency="1",
        last_name="DOE",
        first_name="JANE",
        member_id="M0001",
        rendering_npi="1558598797",
        lines=lines,
    )
    return replace(made, **changes)


def transaction(*claims: ClaimPayment, **changes: Any) -> Transaction:
    paid = sum(each.paid_cents for each in claims)
    made = Transaction(
        control_number=7,
        made_at=datetime(2026, 11, 17, 15, 0, tzinfo=UTC),
        amount_cents=paid,
        effective_date=date(2026, 11, 17),
        trace_number="202611160001",
        odfi_routing="121042882" if paid else "",
        rdfi_routing="091000019" if paid else "",
        account_mask="XXXX6789" if paid else "",
        receiver_id="1234567893",
        payer=PAYER,
        payee=PAYEE,
        claims=claims,
    )
    return replace(made, **changes)


DENIED = line(paid_cents=0, allowed_cents=0, adjustments=(Cas("CO", "96", 12000),), remarks=("N130",))
RANGE = line(to_date=date(2026, 11, 5), units_thousandths=1500, line_id="A-2", modifiers=())
MANY = line(
    adjustments=(
        *tuple(Cas("CO", str(number), 100) for number in (45, 50, 96, 97, 119, 151, 197, 204)),
        Cas("PR", "3", 2200),
    ),
)
VARIANTS = {
    "one line": transaction(claim(line())),
    "two claims": transaction(
        claim(line(), RANGE), claim(line(line_id="L9"), number="REQ-2", rendering_npi="")
    ),
    "denied": transaction(claim(DENIED)),
    "priced to zero": transaction(claim(line(paid_cents=0, adjustments=(Cas("PR", "1", 12000),)))),
    "paid in full": transaction(claim(line(paid_cents=12000, adjustments=(), allowed_cents=12000))),
    "nine adjustments": transaction(claim(MANY)),
    "every part of a price": transaction(
        claim(
            line(
                paid_cents=2000,
                adjustments=(
                    Cas("CO", "45", 2000),
                    Cas("CO", "151", 2500),
                    Cas("CO", "59", 1500),
                    Cas("PR", "1", 1000),
                    Cas("PR", "2", 1000),
                    Cas("PR", "3", 2000),
                ),
                allowed_cents=6000,
                remarks=("N362",),
            )
        )
    ),
    "zero charge": transaction(
        claim(line(), line(charge_cents=0, paid_cents=0, adjustments=(), allowed_cents=0, line_id="Z"))
    ),
    "payee by TIN": transaction(
        claim(line()), payee=replace(PAYEE, qualifier="FI", identifier="941234567", address=None)
    ),
    "little is known": transaction(
        claim(line(), first_name="", member_id="", place_of_service="", rendering_npi=""),
        payee=replace(PAYEE, address=None),
    ),
    "replacement": transaction(claim(line(), frequency="7")),
    "fifty lines": transaction(
        claim(
            *[
                line(line_id=f"L{n}", charge_cents=12000 + n, adjustments=(Cas("CO", "45", 3000 + n),))
                for n in range(50)
            ]
        )
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_written_is_read_back_as_it_was_meant(variant: str) -> None:
    assert read_transaction(write_835(VARIANTS[variant])) == VARIANTS[variant]


@pytest.mark.parametrize("variant", VARIANTS)
def test_pyx12_accepts_it_against_the_guide(variant: str) -> None:
    pytest.importorskip("pyx12")
    import pyx12.params
    import pyx12.x12n_document

    told = StringIO()
    accepted = pyx12.x12n_document.x12n_document(
        param=pyx12.params.params(),
        src_file=StringIO(write_835(VARIANTS[variant]).decode()),
        fd_997=None,
        fd_html=None,
        fd_json=told,
    )
    assert accepted, told.getvalue()
    assert _errors(json.loads(told.getvalue())) == []


def _errors(told: Any) -> list[Any]:
    """Whatever stands in a list called errors, however deep."""
    if isinstance(told, list):
        return [error for one in told for error in _errors(one)]
    if not isinstance(told, dict):
        return []
    named = [
        error for key, value in told.items() if "error" in key and isinstance(value, list) for error in value
    ]
    return named + [error for value in told.values() for error in _errors(value)]


def test_a_paid_835_reads_as_the_guide_has_it() -> None:
    assert write_835(VARIANTS["one line"]).decode().splitlines() == [
        "ISA*00*          *00*          *ZZ*THROUGHLINE    *ZZ*1234567893     *261117*1500*^*00501*000000007*0*P*:~",
        "GS*HP*THROUGHLINE*1234567893*20261117*1500*7*X*005010X221A1~",
        "ST*835*0001~",
        "BPR*I*90*C*ACH*CCP*01*121042882***1987654321**01*091000019**XXXX6789*20261117~",
        "TRN*1*202611160001*1987654321~",
        "DTM*405*20261117~",
        "N1*PR*DEMO HEALTH PLAN~",
        "N3*1 MAIN STREET~",
        "N4*SACRAMENTO*CA*95814~",
        "PER*BL*EDI HELP*TE*8005550100~",
        "N1*PE*OAKWOOD CLINIC*XX*1234567893~",
        "N3*1 MAIN STREET~",
        "N4*SACRAMENTO*CA*95814~",
        "REF*TJ*941234567~",
        "LX*1~",
        "CLP*REQ-1001*1*120*90*10*ZZ*T0123456789ABCDEF*11*1~",
        "NM1*QC*1*DOE*JANE****MI*M0001~",
        "NM1*82*1******XX*1558598797~",
        "SVC*HC:97530:GP:59*120*90**2~",
        "DTM*472*20261102~",
        "CAS*CO*45*20~",
        "CAS*PR*2*10~",
        "REF*6R*L1~",
        "AMT*B6*100~",
        "SE*23*0001~",
        "GE*1*7~",
        "IEA*1*000000007~",
    ]


def test_what_pays_nothing_is_a_notice_without_payment() -> None:
    segments = split_segments(write_835(VARIANTS["denied"]))
    assert segments[3] == ["BPR", "H", "0", "C", "NON", *[""] * 11, "20261117"]
    assert segments[4] == ["TRN", "1", "202611160001", "1987654321"]
    assert ["LQ", "HE", "N130"] in segments


def test_more_than_six_adjustments_of_a_group_go_into_a_second_segment() -> None:
    cas = [
        segment for segment in split_segments(write_835(VARIANTS["nine adjustments"])) if segment[0] == "CAS"
    ]
    assert [(segment[1], (len(segment) - 2 + 2) // 3) for segment in cas] == [("CO", 6), ("CO", 2), ("PR", 1)]


@pytest.mark.parametrize(
    ("made", "level"),
    [
        (transaction(claim(line(paid_cents=9001))), "line"),
        (transaction(claim(line(adjustments=(Cas("CO", "45", 2001), Cas("PR", "2", 1000))))), "line"),
        (transaction(claim(line(), charge_cents=12001)), "claim"),
        (transaction(claim(line(), paid_cents=8999)), "claim"),
        (transaction(claim(line(), patient_cents=999)), "claim"),
        (transaction(claim(line()), amount_cents=9001), "transaction"),
        (transaction(claim(line()), amount_cents=-9000), "transaction"),
        (transaction(amount_cents=1), "transaction"),
    ],
)
def test_a_cent_too_many_anywhere_and_nothing_is_written(made: Transaction, level: str) -> None:
    with pytest.raises(Unbalanced) as caught:
        write_835(made)
    assert caught.value.level == level


@pytest.mark.parametrize("bad", ["A*B", "A~B", "A\nB", "LONE:", "^", "É"])
def test_a_value_that_would_break_the_file_is_found_out_before_it_leaves(bad: str) -> None:
    with pytest.raises(NotReadBack):
        write_835(transaction(claim(line(modifiers=(bad, "Q")), line(line_id=bad), number=bad)))


@pytest.mark.parametrize("value", ["A*B", "A~", "a:b", "^", "A\tB", "PEÑA", " A", "A ", "", "A" * 39])
def test_an_identifier_is_written_as_it_is_or_refused(value: str) -> None:
    with pytest.raises(NotEncodable) as caught:
        identifier(value, "CLP01", 38)
    assert value not in str(caught.value).replace("CLP01", "") or len(value.strip()) < 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Peña García", "PENA GARCIA"),
        ("O'Brien & Sons", "O'BRIEN & SONS"),
        ("A*B~C:D^E", "A B C D E"),
        ("  two\n lines ", "TWO LINES"),
        ("=cmd|'x'", "=CMD 'X'"),
        ("Straße", "STRASSE"),
        ("name \U0001f600", "NAME"),
        ("‮evil", "EVIL"),
        ("X" * 99, "X" * 60),
    ],
)
def test_a_name_is_written_by_rule(value: str, expected: str) -> None:
    assert name(value, "NM103", 60) == expected


@pytest.mark.parametrize("value", ["", "~~~", "王伟", "—", "&"])
def test_a_name_of_nothing_that_x12_has_is_refused(value: str) -> None:
    with pytest.raises(NotEncodable):
        name(value, "NM103", 60)


texts = st.text(max_size=60)
cents = st.integers(0, 9_999_999)


@st.composite
def lines_made(draw: st.DrawFn) -> ServicePayment:
    charge = draw(cents)
    left, adjustments = charge, []
    for group, reason in draw(
        st.lists(
            st.tuples(st.sampled_from(["CO", "PR", "PI", "OA"]), st.sampled_from(["1", "45", "96", "A2"])),
            max_size=9,
        )
    ):
        amount = draw(st.integers(0, left))
        left -= amount
        adjustments.append(Cas(group, reason, amount))
    first, last = sorted(
        draw(
            st.tuples(
                st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.dates(date(2000, 1, 1), date(2050, 1, 1))
            )
        )
    )
    return line(
        charge_cents=charge,
        paid_cents=left,
        adjustments=grouped(tuple(adjustments)),
        from_date=first,
        to_date=last,
        units_thousandths=draw(st.integers(0, 9_999_999)),
        allowed_cents=draw(cents),
        line_id=draw(st.from_regex(r"[A-Za-z0-9._-]{1,30}", fullmatch=True)),
    )


@given(st.lists(st.lists(lines_made(), min_size=1, max_size=4), min_size=1, max_size=4), texts)
def test_any_balanced_remittance_is_read_back_and_sums_up(
    made: list[list[ServicePayment]], person: str
) -> None:
    try:
        last_name = name(person, "NM103", 60)
    except NotEncodable:
        last_name = "DOE"
    written = transaction(*[claim(*lines, last_name=last_name) for lines in made])
    segments = split_segments(write_835(written))
    claims = [segment for segment in segments if segment[0] == "CLP"]
    services = [segment for segment in segments if segment[0] == "SVC"]
    adjusted = [
        segment[place] for segment in segments if segment[0] == "CAS" for place in range(3, len(segment), 3)
    ]
    assert sum(cents_of(one[4]) for one in claims) == cents_of(segments[3][2]) == written.amount_cents
    assert sum(cents_of(one[2]) for one in services) == sum(cents_of(one[3]) for one in claims)
    assert sum(cents_of(one[2]) - cents_of(one[3]) for one in services) == sum(map(cents_of, adjusted))


ONE_LINE = write_835(VARIANTS["one line"])


@given(st.integers(0, len(ONE_LINE) * 8 - 1))
def test_damaged_bytes_are_unreadable_or_say_something_else_but_never_crash(bit: int) -> None:
    damaged = bytearray(ONE_LINE)
    damaged[bit // 8] ^= 1 << bit % 8
    try:
        found = read_transaction(bytes(damaged))
    except Unreadable:
        return
    assert isinstance(found, Transaction)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"BPR*I*90*", b"BPR*I*90.01*"),
        (b"TRN*1*2026", b"TRN*1*2027"),
        (b"*20261117~\nTRN", b"*20261118~\nTRN"),
        (b"*120*90*10*", b"*120*91*10*"),
        (b"59*120*90*", b"59*120*90.5*"),
        (b"CAS*CO*45*20", b"CAS*CO*45*20.01"),
        (b"CAS*PR*2*10", b"CAS*CO*2*10"),
        (b"*6R*L1", b"*6R*L2"),
        (b"CLP*REQ-1001", b"CLP*REQ-1002"),
    ],
)
def test_another_amount_date_or_number_is_not_read_as_what_was_meant(old: bytes, new: bytes) -> None:
    assert old in ONE_LINE
    assert read_transaction(ONE_LINE.replace(old, new)) != VARIANTS["one line"]


@pytest.mark.parametrize(
    "old", [b"SE*23*", b"GE*1*7", b"IEA*1*", b"IEA*1*000000007", b"ISA", b"TRN*", b"CLP*", b"~\nSE"]
)
def test_an_envelope_that_does_not_hold_is_unreadable(old: bytes) -> None:
    with pytest.raises(Unreadable):
        read_transaction(ONE_LINE.replace(old, old[:-1] + b"9"))


REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "x12-835"


@pytest.mark.parametrize(
    "path", sorted(REAL.glob("*/*")) or [None], ids=lambda path: path.name if path else "absent"
)
def test_real_835s_carry_the_same_segments_in_the_same_order(path: Path | None) -> None:
    if path is None:
        pytest.skip(f"no sample 835 files at {REAL}")
    theirs = [segment[0] for segment in split_segments(path.read_bytes())]
    for ours in VARIANTS.values():
        order = ["ISA", "GS", "ST", "BPR", "TRN", "N1", "LX", "CLP", "NM1", "SVC", "SE", "GE", "IEA"]
        mine = [segment[0] for segment in split_segments(write_835(ours))]
        assert [mine.index(one) for one in order] == sorted(mine.index(one) for one in order)
    known = [one for one in order if one in theirs]
    assert [theirs.index(one) for one in known] == sorted(theirs.index(one) for one in known)


def test_balance_is_checked_without_writing() -> None:
    check(VARIANTS["two claims"])
