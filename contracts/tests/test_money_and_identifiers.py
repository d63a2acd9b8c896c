"""Cents are exact both ways, and identifiers' check digits hold."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughline.identifiers import (
    NAMESPACE,
    claim_number_for,
    derived,
    npi_is_valid,
    payee_id_for,
    request_id_for,
    routing_is_valid,
    tin_is_valid,
)
from throughline.money import allocate, cents_of, decimal_of, for_people


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_every_amount_survives_its_decimal_form(cents: int) -> None:
    assert cents_of(decimal_of(cents)) == cents


@pytest.mark.parametrize(
    ("text", "cents"),
    [("120", 12000), ("120.5", 12050), ("120.50", 12050), (".05", 5), ("-.05", -5), ("0", 0), ("7.", 700)],
)
def test_amounts_as_files_write_them(text: str, cents: int) -> None:
    assert cents_of(text) == cents


@pytest.mark.parametrize(
    "text", ["", ".", "-", "1.005", "1e3", "1,000", " 1", "+1", "--1", "NaN", "１", "12345678901234"]
)
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        cents_of(text)


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=50).filter(any))
def test_parts_sum_to_the_whole_and_none_is_off_by_more_than_a_cent(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@pytest.mark.parametrize(("cents", "text"), [(123450, "$1,234.50"), (-5, "-$0.05"), (0, "$0.00")])
def test_money_for_people(cents: int, text: str) -> None:
    assert for_people(cents) == text


@pytest.mark.parametrize(
    ("npi", "valid"),
    [
        ("1234567893", True),
        ("1558598797", True),
        ("1234567890", False),
        ("3234567893", False),
        ("123456789", False),
        ("12345６7893", False),
    ],
)
def test_npi_check_digit(npi: str, valid: bool) -> None:
    assert npi_is_valid(npi) is valid


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True))
def test_exactly_one_last_digit_makes_an_npi(stem: str) -> None:
    assert sum(npi_is_valid(stem + digit) for digit in "0123456789") == 1


@pytest.mark.parametrize(
    ("routing", "valid"),
    [
        ("021000021", True),
        ("091000019", True),
        ("121042882", True),
        ("231380104", True),
        ("011401533", True),
        ("000000000", False),
        ("021000022", False),
        ("501000021", False),
    ],
)
def test_routing_numbers(routing: str, valid: bool) -> None:
    assert routing_is_valid(routing) is valid


@pytest.mark.parametrize(
    ("tin", "valid"),
    [
        ("941234567", True),
        ("000123456", False),
        ("666123456", False),
        ("111111111", False),
        ("94123456", False),
    ],
)
def test_tins(tin: str, valid: bool) -> None:
    assert tin_is_valid(tin) is valid


@given(st.text(), st.text())
def test_a_derived_id_is_the_standard_s_version_5(kind: str, part: str) -> None:
    assert derived(kind, part) == uuid5(NAMESPACE, f"{kind}\x1f{part}")


def test_derived_ids_are_stable_and_parts_do_not_run_together() -> None:
    assert derived("x", "ab", "c") != derived("x", "a", "bc")
    assert request_id_for("p", "npi", "1", "2") == request_id_for("p", "npi", "1", "2")
    assert payee_id_for("npi", "1234567893") == UUID("5d3924dd-c1ed-50ad-9a77-9b665c2288eb"), (
        "ids are for ever"
    )


@given(st.uuids())
def test_claim_numbers_fit_every_form(request_id: UUID) -> None:
    number = claim_number_for(request_id)
    assert len(number) == 17 and number.isalnum() and number.isascii()
