"""Modifiers, units of a day and multiple procedures: a table worked out by hand, and what holds for every request."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.reference import ModifierTerm, Rate, UnitLimit
from throughline.requests import ServiceLine
from validation import adjudication
from validation.price_terms import price_terms_of
from validation.pricing import Price, price
from validation.reference import Terms, rate_table
from validation.testing import SERVICE_DAY, contract, line, received

SINCE = date(2020, 1, 1)
NEXT_DAY = date(2026, 11, 3)
RATES = rate_table(
    [
        Rate(code="29880", amount_cents=80_000, effective_from=SINCE),
        Rate(code="29881", amount_cents=60_001, effective_from=SINCE),
        Rate(code="97110", amount_cents=4_000, effective_from=SINCE),
        Rate(code="71046", amount_cents=10_000, effective_from=SINCE),
        Rate(code="71046", modifier="26", amount_cents=3_300, effective_from=SINCE),
    ]
)
CONTRACT = contract(
    modifiers=(
        ModifierTerm(modifier="50", effect="share", basis_points=15_000, effective_from=SINCE),
        ModifierTerm(
            modifier="51",
            effect="multiple",
            basis_points=5_000,
            codes=("29880", "29881"),
            effective_from=SINCE,
        ),
        ModifierTerm(modifier="59", effect="separate", effective_from=SINCE),
        ModifierTerm(
            modifier="80",
            effect="share",
            basis_points=2_000,
            effective_from=SINCE,
            effective_to=date(2026, 11, 2),
        ),
        ModifierTerm(modifier="80", effect="share", basis_points=1_600, effective_from=NEXT_DAY),
        ModifierTerm(
            modifier="TC", effect="share", basis_points=6_500, codes=("71046",), effective_from=SINCE
        ),
        ModifierTerm(modifier="26", effect="share", basis_points=3_500, effective_from=SINCE),
    ),
    unit_limits=(UnitLimit(code="97110", units_per_day=4, effective_from=SINCE),),
)
TERMS = Terms(contract=CONTRACT, rates=RATES, price_terms=price_terms_of(CONTRACT))


def service(
    code: str, *modifiers: str, charge: int = 200_000, units: int = 1, **changes: object
) -> ServiceLine:
    return line(
        code=code, modifiers=modifiers, charge_cents=charge, units_thousandths=units * 1000, **changes
    )


def priced(*lines: ServiceLine) -> Price:
    found = price([one.model_copy(update={"line_id": str(at)}) for at, one in enumerate(lines)], TERMS)
    assert found is not None
    return found


ALLOWED = [
    pytest.param([service("29880", "50")], [120_000], id="50: both sides, half as much again"),
    pytest.param([service("29880", "50", charge=90_000)], [90_000], id="never above the charge"),
    pytest.param([service("29880", "80")], [16_000], id="80: the assistant's share until its last day"),
    pytest.param(
        [service("29880", "80", from_date=NEXT_DAY, to_date=NEXT_DAY)],
        [12_800],
        id="80: and from the next day",
    ),
    pytest.param([service("29880", "50", "80")], [24_000], id="two shares are multiplied"),
    pytest.param([service("29880", "50", "50")], [120_000], id="the same modifier counts once"),
    pytest.param([service("71046", "26")], [3_300], id="26: a rate of its own goes before the share"),
    pytest.param([service("71046", "TC")], [6_500], id="TC: its share of the whole service"),
    pytest.param([service("97110", "TC")], [4_000], id="TC: not for a service the term does not name"),
    pytest.param([service("29880", "LT")], [80_000], id="a modifier the contract says nothing of"),
    pytest.param([service("29880"), service("29881", "51")], [80_000, 30_001], id="51: the dearest in full"),
    pytest.param([service("29881", "51"), service("29880")], [30_001, 80_000], id="51: whatever the order"),
    pytest.param([service("29881"), service("29880", "51")], [30_001, 80_000], id="51: on the dearer line"),
    pytest.param([service("29880"), service("29881")], [80_000, 60_001], id="51 is not claimed"),
    pytest.param([service("29881", "51")], [60_001], id="51 alone is in full"),
    pytest.param(
        [service("29880"), service("29881", "51"), service("71046")],
        [80_000, 30_001, 10_000],
        id="51: only the services the term names",
    ),
    pytest.param(
        [service("29880"), service("29881", "51", from_date=NEXT_DAY, to_date=NEXT_DAY)],
        [80_000, 60_001],
        id="51: another day",
    ),
    pytest.param(
        [service("29880"), service("29881", "59"), service("29881", "51")],
        [80_000, 60_001, 30_001],
        id="59 stands by itself",
    ),
    pytest.param([service("29880"), service("29881", "51", "59")], [80_000, 60_001], id="59 beside 51"),
    pytest.param(
        [service("29881", "50", "51"), service("29880")], [90_002, 40_000], id="50 makes it the dearest"
    ),
    pytest.param([service("97110", units=4)], [16_000], id="as many units as the day has"),
    pytest.param([service("97110", units=6)], [16_000], id="two units above the limit"),
    pytest.param([service("97110", units=6, charge=12_000)], [8_000], id="of the charge, the covered units"),
    pytest.param(
        [service("97110", units=3), service("97110", units=3)],
        [12_000, 4_000],
        id="lines share the day's units",
    ),
    pytest.param(
        [service("97110", units=6, to_date=NEXT_DAY)], [24_000], id="two days have twice as many units"
    ),
    pytest.param(
        [service("97110", units=6, from_date=NEXT_DAY, to_date=SERVICE_DAY)], [16_000], id="reversed: one day"
    ),
]


@pytest.mark.parametrize(("lines", "expected"), ALLOWED)
def test_what_is_allowed(lines: list[ServiceLine], expected: list[int]) -> None:
    assert [one.allowed_cents for one in priced(*lines).lines] == expected


def test_each_step_is_an_adjustment_of_its_own() -> None:
    lines = (service("29880"), service("29881", "51"), service("97110", units=6))
    made = adjudication.priced(received(lines=lines, total_cents=0), priced(*lines))
    told = [
        {(one.group, one.carc, one.rarc): one.amount_cents for one in each.adjustments} for each in made.lines
    ]
    assert told[0] == {("CO", "45", None): 120_000}
    assert told[1] == {("CO", "45", None): 139_999, ("CO", "59", None): 30_000}
    assert told[2] == {("CO", "45", None): 176_000, ("CO", "151", "N362"): 8_000}


def test_a_line_of_all_time_has_the_units_of_a_year() -> None:
    whole = service("97110", units=9_999_999, charge=9_999_999_999, from_date=date.min, to_date=date.max)
    since = ModifierTerm(modifier="59", effect="separate", effective_from=date.min)
    made = contract(
        modifiers=(since,),
        unit_limits=(UnitLimit(code="97110", units_per_day=4, effective_from=date.min),),
    )
    rates = rate_table([Rate(code="97110", amount_cents=100, effective_from=date.min)])
    found = price([whole], Terms(contract=made, rates=rates, price_terms=price_terms_of(made)))
    assert found is not None and found.lines[0].allowed_cents == 366 * 4 * 100


def test_a_multiple_procedure_never_raises_a_price() -> None:
    with pytest.raises(ValueError, match="at most"):
        ModifierTerm(modifier="51", effect="multiple", basis_points=10_001, effective_from=SINCE)


LINES = st.builds(
    service,
    st.sampled_from(["29880", "29881", "97110", "71046"]),
    *[st.sampled_from(["50", "51", "59", "80", "TC", "26", "LT"])] * 2,
    charge=st.integers(min_value=0, max_value=500_000),
    units=st.integers(min_value=0, max_value=9),
    from_date=st.sampled_from([SERVICE_DAY, NEXT_DAY]),
    to_date=st.sampled_from([SERVICE_DAY, NEXT_DAY]),
)


@given(st.lists(LINES, min_size=1, max_size=8))
def test_every_line_balances_and_no_part_is_negative(lines: list[ServiceLine]) -> None:
    for one in priced(*lines).lines:
        parts = (
            one.contractual_cents,
            one.excess_cents,
            one.reduction_cents,
            one.patient_cents,
            one.paid_cents,
        )
        assert min(parts) >= 0 and sum(parts) == one.charge_cents


@given(
    st.lists(LINES, min_size=1, max_size=8).flatmap(
        lambda made: st.tuples(st.just(made), st.permutations(made))
    )
)
def test_the_order_of_the_lines_decides_nothing(orders: tuple[list[ServiceLine], list[ServiceLine]]) -> None:
    one, other = (
        sorted((at.charge_cents, at.allowed_cents) for at in priced(*lines).lines) for lines in orders
    )
    assert one == other


@given(st.lists(LINES, min_size=1, max_size=8))
def test_no_more_is_covered_of_a_day_than_its_limit(lines: list[ServiceLine]) -> None:
    covered = sum(
        one.allowed_cents
        for one, each in zip(priced(*lines).lines, lines, strict=True)
        if each.code == "97110"
    )
    assert covered <= 2 * 4 * 4_000 * 15_000**2 // 10_000**2
