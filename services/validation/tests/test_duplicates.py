"""Bill keys: what makes two lines the same bill, and who owns it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from throughline.requests import Payee, Subject
from throughline.sensitive import Sensitive, SensitiveTin
from validation.duplicates import HASH_BYTES, MONTH_BYTES, BillClaims, bill_keys
from validation.testing import line, received

ONE, TWO = UUID(int=1), UUID(int=2)
SAME: list[dict[str, Any]] = [
    {"number": "OTHER"},
    {"partner": "clinic-two"},
    {"payer": "another"},
    {"lines": (line(line_id="9", place_of_service="22", diagnosis_pointers=()),)},
    {"subject": Subject(member_id=Sensitive(" m100 "), last_name=Sensitive("Dow"))},
]
DIFFERENT: list[dict[str, Any]] = [
    {"lines": (line(code="99214"),)},
    {"lines": (line(charge_cents=12_001),)},
    {"lines": (line(units_thousandths=2000),)},
    {"lines": (line(unit="MJ"),)},
    {"lines": (line(modifiers=("25",)),)},
    {"lines": (line(from_date=date(2026, 11, 1)),)},
    {"lines": (line(to_date=date(2026, 11, 3)),)},
    {"subject": Subject(member_id=Sensitive("M101"), last_name=Sensitive("Doe"))},
    {"payee": Payee(kind="npi", identifier="1558598797", tin=SensitiveTin("123456789"))},
]


@pytest.mark.parametrize("changes", SAME)
def test_the_same_bill_by_another_way_has_the_same_key(changes: dict[str, Any]) -> None:
    assert bill_keys(received(**changes)) == bill_keys(received())


@pytest.mark.parametrize("changes", DIFFERENT)
def test_another_service_has_another_key(changes: dict[str, Any]) -> None:
    assert not set(bill_keys(received(**changes))) & set(bill_keys(received()))


def test_the_order_of_modifiers_does_not_matter() -> None:
    one = received(lines=(line(modifiers=("25", "59")),))
    other = received(lines=(line(modifiers=("59", "25")),))
    assert bill_keys(one) == bill_keys(other)


def test_keys_are_sorted_narrow_and_one_per_line() -> None:
    keys = bill_keys(received(lines=tuple(line(line_id=str(i), charge_cents=i + 1) for i in range(6))))
    assert keys == sorted(set(keys))
    assert [len(key) for key in keys] == [MONTH_BYTES + HASH_BYTES] * 6


def test_who_claims_first_owns_and_a_partial_overlap_is_a_duplicate() -> None:
    bills = BillClaims({})
    bills.take([b"a", b"b"], ONE)
    assert bills.other_owner([b"b", b"c"], TWO) == ONE
    assert bills.other_owner([b"a", b"b"], ONE) is None


def test_a_claim_beside_another_leaves_the_other_its_own() -> None:
    bills = BillClaims({b"a": ONE})
    bills.take([b"a", b"b"], TWO)
    assert bills.owners == {b"a": ONE, b"b": TWO}
    assert bills.new() == ([b"b"], [TWO])


def test_a_release_frees_only_what_is_ones_own() -> None:
    bills = BillClaims({b"a": ONE, b"b": TWO})
    bills.release([b"a", b"b"], ONE)
    assert bills.changed() == ([b"a"], [None])


def test_released_and_claimed_again_in_one_slice() -> None:
    bills = BillClaims({b"a": ONE})
    bills.release([b"a"], ONE)
    bills.take([b"a"], TWO)
    assert (bills.changed(), bills.new()) == (([b"a"], [TWO]), ([], []))


def test_claimed_and_released_in_one_slice_is_never_stored() -> None:
    bills = BillClaims({})
    bills.take([b"a"], ONE)
    bills.release([b"a"], ONE)
    assert (bills.changed(), bills.new()) == (([], []), ([], []))
