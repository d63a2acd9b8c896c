"""Prices: a table of cases worked out by hand, and properties that hold for every request."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.reference import Rate
from throughline.requests import ServiceLine
from validation import adjudication
from validation.allowed import rate_and_modifier, rounded
from validation.pricing import LinePrice, price
from validation.reference import Terms, rate_table
from validation.testing import SERVICE_DAY, contract, line, received

RATES = rate_table(
    [
        Rate(code="99213", amount_cents=9_000, effective_from=date(2026, 1, 1)),
        Rate(
            code="99213", amount_cents=8_000, effective_from=date(2020, 1, 1), effective_to=date(2025, 12, 31)
        ),
        Rate(code="99213", modifier="26", amount_cents=4_000, effective_from=date(2020, 1, 1)),
        Rate(code="97110", amount_cents=333, effective_from=date(2020, 1, 1)),
        Rate(code="99000", amount_cents=0, effective_from=date(2020, 1, 1)),
    ]
)


def terms(copay_cents: int = 0, coinsurance_basis_points: int = 0) -> Terms:
    made = contract(copay_cents=copay_cents, coinsurance_basis_points=coinsurance_basis_points)
    return Terms(contract=made, rates=RATES)


# charge, units in thousandths, code, copay, coinsurance -> contractual, copay, coinsurance, paid
CASES = [
    pytest.param(12_000, 1000, "99213", 0, 0, (3_000, 0, 0, 9_000), id="the rate is below the charge"),
    pytest.param(5_000, 1000, "99213", 0, 0, (0, 0, 0, 5_000), id="the charge is below the rate"),
    pytest.param(9_000, 1000, "99213", 0, 0, (0, 0, 0, 9_000), id="the charge is the rate"),
    pytest.param(50_000, 3000, "99213", 0, 0, (23_000, 0, 0, 27_000), id="three units"),
    pytest.param(1_000, 1500, "97110", 0, 0, (500, 0, 0, 500), id="half a cent rounds up: 499.5"),
    pytest.param(1_000, 1498, "97110", 0, 0, (501, 0, 0, 499), id="below half a cent rounds down: 498.83"),
    pytest.param(12_000, 1000, "99213", 2_000, 0, (3_000, 2_000, 0, 7_000), id="copay"),
    pytest.param(12_000, 1000, "99213", 0, 2_000, (3_000, 0, 1_800, 7_200), id="a fifth is coinsurance"),
    pytest.param(
        12_000, 1000, "99213", 2_000, 2_000, (3_000, 2_000, 1_400, 5_600), id="copay first, then the fifth"
    ),
    pytest.param(
        12_000, 1000, "99213", 20_000, 2_000, (3_000, 9_000, 0, 0), id="a copay above what is allowed pays 0"
    ),
    pytest.param(12_000, 1000, "99213", 0, 10_000, (3_000, 0, 9_000, 0), id="all of it is coinsurance"),
    pytest.param(12_000, 1000, "99000", 0, 0, (12_000, 0, 0, 0), id="a rate of zero is a price"),
    pytest.param(1_000, 1500, "97110", 0, 1_000, (500, 0, 50, 450), id="a tenth of 500"),
    pytest.param(1_000, 1516, "97110", 0, 1_000, (495, 0, 51, 454), id="a tenth of 505 rounds half up to 51"),
]


@pytest.mark.parametrize(("charge", "units", "code", "copay", "coinsurance", "expected"), CASES)
def test_one_line(
    charge: int, units: int, code: str, copay: int, coinsurance: int, expected: tuple[int, int, int, int]
) -> None:
    priced = price([line(charge_cents=charge, units_thousandths=units, code=code)], terms(copay, coinsurance))
    assert priced is not None
    one = priced.lines[0]
    assert (one.contractual_cents, one.copay_cents, one.coinsurance_cents, one.paid_cents) == expected


def test_the_copay_is_taken_from_the_lines_in_order() -> None:
    lines = [line(line_id=str(i), charge_cents=1_000) for i in range(3)]
    priced = price(lines, terms(copay_cents=1_500))
    assert priced is not None
    assert [one.copay_cents for one in priced.lines] == [1_000, 500, 0]


def test_coinsurance_is_rounded_once_for_the_request_and_spread() -> None:
    lines = [line(line_id=str(i), charge_cents=1) for i in range(3)]
    priced = price(lines, terms(coinsurance_basis_points=5_000))
    assert priced is not None  # half of 3 cents is 2, not three times 1
    assert [one.coinsurance_cents for one in priced.lines] == [1, 1, 0]


def test_no_contract_or_no_rate_is_no_price() -> None:
    assert price([line()], Terms()) is None
    assert price([line()], Terms(contract=contract())) is None
    assert price([line(), line(code="99499")], terms()) is None


def test_the_rate_in_force_on_the_first_day_counts() -> None:
    over_new_year = line(from_date=date(2025, 12, 31), to_date=date(2026, 1, 1))
    assert rate_and_modifier(over_new_year, RATES) == (8_000, None)
    assert rate_and_modifier(line(from_date=date(2026, 1, 1)), RATES) == (9_000, None)
    assert rate_and_modifier(line(from_date=date(2019, 12, 31)), RATES) is None


def test_the_first_modifier_with_a_rate_counts_else_the_bare_code() -> None:
    assert rate_and_modifier(line(modifiers=("59", "26")), RATES) == (4_000, "26")
    assert rate_and_modifier(line(modifiers=("59",)), RATES) == (9_000, None)


CHARGES = st.integers(min_value=0, max_value=9_999_999_999)
UNITS = st.integers(min_value=0, max_value=9_999_999_000)


@st.composite
def priced_requests(draw: st.DrawFn) -> tuple[list[ServiceLine], Terms]:
    count = draw(st.integers(min_value=1, max_value=12))
    codes = st.sampled_from(["99213", "97110", "99000"])
    lines = [
        line(
            line_id=str(number),
            charge_cents=draw(CHARGES),
            units_thousandths=draw(UNITS),
            code=draw(codes),
            from_date=SERVICE_DAY,
        )
        for number in range(count)
    ]
    return lines, terms(draw(CHARGES), draw(st.integers(min_value=0, max_value=10_000)))


@given(priced_requests())
def test_every_line_balances_and_nothing_is_negative(case: tuple[list[ServiceLine], Terms]) -> None:
    lines, on = case
    priced = price(lines, on)
    assert priced is not None and on.contract is not None
    for one in priced.lines:
        parts = (one.contractual_cents, one.copay_cents, one.coinsurance_cents, one.paid_cents)
        assert min(parts) >= 0
        assert sum(parts) == one.charge_cents
    assert sum(one.copay_cents for one in priced.lines) <= on.contract.copay_cents
    assert priced.paid_cents == sum(one.paid_cents for one in priced.lines)


@given(priced_requests())
def test_every_price_makes_an_adjudication_that_balances(case: tuple[list[ServiceLine], Terms]) -> None:
    lines, on = case
    priced = price(lines, on)
    assert priced is not None
    made = adjudication.priced(received(lines=tuple(lines), total_cents=0), priced)
    assert made.paid_cents == priced.paid_cents
    assert all(adjustment.amount_cents for one in made.lines for adjustment in one.adjustments)


@given(CHARGES, UNITS)
def test_half_up_is_the_nearest_cent_and_a_tie_goes_up(rate: int, units: int) -> None:
    off = rounded(rate * units, 1000) * 1000 - rate * units
    assert -500 < off <= 500


@given(st.lists(CHARGES, min_size=1, max_size=12))
def test_a_denial_adjusts_the_whole_charge(charges: list[int]) -> None:
    lines = tuple(line(line_id=str(i), charge_cents=cents) for i, cents in enumerate(charges))
    made = adjudication.denied(received(lines=lines, total_cents=0), "29")
    assert (made.paid_cents, made.charge_cents) == (0, sum(charges))


def test_a_line_price_names_what_is_allowed() -> None:
    assert LinePrice(1_000, 300, 100, 60).allowed_cents == 700
