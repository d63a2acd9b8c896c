"""What a member owes of a plan year: a table worked out by hand, what holds for every request, whose year it is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.reference import ContractRecorded
from throughline.sensitive import Sensitive
from throughline.submissions import SubmissionReceived
from validation import adjudication, plan_year
from validation.pricing import PatientLeft, price
from validation.quote import quote
from validation.reference import Terms
from validation.tallies import Tallies
from validation.testing import contract, line, received, reference, request

TWO = (line(charge_cents=9_000), line(line_id="2", code="99214", charge_cents=13_000))
"""9,000 and 13,000 are allowed, as charged."""


def shares(left: PatientLeft, copay: int = 0, coinsurance: int = 0) -> list[tuple[int, int, int, int]]:
    made = contract(copay_cents=copay, coinsurance_basis_points=coinsurance)
    found = price(TWO, Terms(contract=made, rates=reference().rates["standard"]), left)
    assert found is not None
    return [
        (one.deductible_cents, one.copay_cents, one.coinsurance_cents, one.paid_cents) for one in found.lines
    ]


# left of the deductible, left of everything, copay, coinsurance -> deductible, copay, coinsurance, paid of both lines
CASES = [
    pytest.param(
        0, None, 0, 0, [(0, 0, 0, 9_000), (0, 0, 0, 13_000)], id="nothing is left of the deductible"
    ),
    pytest.param(5_000, None, 0, 0, [(5_000, 0, 0, 4_000), (0, 0, 0, 13_000)], id="from the first line"),
    pytest.param(10_000, None, 0, 0, [(9_000, 0, 0, 0), (1_000, 0, 0, 12_000)], id="and on from the second"),
    pytest.param(99_000, None, 500, 1_000, [(9_000, 0, 0, 0), (13_000, 0, 0, 0)], id="all is the member's"),
    pytest.param(
        9_500, None, 500, 1_000, [(9_000, 0, 0, 0), (500, 500, 1_200, 10_800)], id="then copay, then a tenth"
    ),
    pytest.param(0, 0, 500, 1_000, [(0, 0, 0, 9_000), (0, 0, 0, 13_000)], id="the year's most is reached"),
    pytest.param(
        5_000, 3_000, 500, 1_000, [(3_000, 0, 0, 6_000), (0, 0, 0, 13_000)], id="part of the deductible"
    ),
    pytest.param(
        0, 700, 500, 1_000, [(0, 500, 79, 8_421), (0, 0, 121, 12_879)], id="part of the coinsurance"
    ),
    pytest.param(0, 300, 500, 1_000, [(0, 300, 0, 8_700), (0, 0, 0, 13_000)], id="part of the copay"),
]


@pytest.mark.parametrize(("deductible", "most", "copay", "coinsurance", "expected"), CASES)
def test_who_pays_what(
    deductible: int, most: int | None, copay: int, coinsurance: int, expected: list[tuple[int, int, int, int]]
) -> None:
    assert shares(PatientLeft(deductible, most), copay, coinsurance) == expected


CENTS = st.integers(min_value=0, max_value=30_000)


@given(CENTS, st.none() | CENTS, CENTS, st.integers(min_value=0, max_value=10_000))
def test_no_part_is_negative_and_the_member_never_pays_above_what_is_left(
    deductible: int, most: int | None, copay: int, coinsurance: int
) -> None:
    found = shares(PatientLeft(deductible, most), copay, coinsurance)
    assert [sum(one) for one in found] == [9_000, 13_000]
    assert min(min(one) for one in found) >= 0
    assert sum(one[0] for one in found) <= deductible
    assert most is None or sum(sum(one[:3]) for one in found) <= most


def test_the_deductible_is_an_adjustment_of_its_own() -> None:
    found = price(TWO, Terms(contract=contract(), rates=reference().rates["standard"]), PatientLeft(10_000))
    assert found is not None
    made = adjudication.priced(received(lines=TWO), found)
    told = [[(one.group, one.carc, one.amount_cents) for one in each.adjustments] for each in made.lines]
    assert told == [[("PR", "1", 9_000)], [("PR", "1", 1_000)]]
    assert made.patient_responsibility_cents == 10_000


YEARLY = contract(version=2, deductible_cents=20_000, out_of_pocket_max_cents=30_000)


def keys(submission: SubmissionReceived, terms: ContractRecorded = YEARLY) -> plan_year.YearKeys | None:
    return plan_year.keys_of(submission, reference(terms).terms_for(submission))


def of_member(member: str) -> SubmissionReceived:
    return received(subject=request().subject.model_copy(update={"member_id": Sensitive(member)}))


def test_a_year_is_one_of_payer_and_member_whatever_the_request_and_however_the_member_is_written() -> None:
    assert keys(received()) == keys(received("A2", partner="clinic-two")) == keys(of_member(" m100 "))
    assert keys(received()) != keys(of_member("M101"))
    last_year = date(2025, 12, 31)
    over_new_year = received(lines=(line(from_date=last_year, to_date=date(2026, 1, 1)),))
    assert keys(received()) != keys(over_new_year), "the year of the first day"


def test_where_the_contract_counts_nothing_no_tally_is_read() -> None:
    assert keys(received(), contract(version=2)) is None
    for counted in ({"deductible_cents": 0}, {"out_of_pocket_max_cents": 1}):
        assert keys(received(), contract(version=2, **counted)) is not None


def test_a_quote_says_what_it_read_and_what_an_approval_adds() -> None:
    submission = received(lines=TWO)
    of_year = keys(submission)
    assert of_year is not None
    tallies = Tallies({of_year.deductible: 15_000, of_year.out_of_pocket: 16_000})
    quoted = quote(submission, reference(YEARLY).terms_for(submission), tallies)
    assert quoted.price is not None and quoted.price.deductible_cents == 5_000
    assert [(one.kind, one.before, one.added) for one in quoted.readings] == [
        ("deductible", 15_000, 5_000),
        ("out-of-pocket", 16_000, 5_000),
    ]


def test_limits_lowered_below_what_was_paid_leave_nothing() -> None:
    submission = received(lines=TWO)
    of_year = keys(submission)
    assert of_year is not None
    tallies = Tallies({of_year.deductible: 90_000, of_year.out_of_pocket: 90_000})
    quoted = quote(submission, reference(YEARLY).terms_for(submission), tallies)
    assert quoted.price is not None and quoted.price.patient_cents == 0
