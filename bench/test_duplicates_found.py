"""What is billed twice is found: floors of precision and recall on a part of the set, thicker with duplicates."""

from __future__ import annotations

from collections import Counter

import pytest
from labelled_duplicates.bill import Bill
from labelled_duplicates.generate import generate

from bench.duplicates_found import Quality, quality, report

REQUESTS, SHARE = 8_000, 0.06
FLOOR = 0.98


@pytest.fixture(scope="module")
def bills() -> list[Bill]:
    return generate(11, REQUESTS, SHARE)


@pytest.fixture(scope="module")
def measured(bills: list[Bill]) -> Quality:
    return quality(bills)


def test_exact_duplicates_are_all_found_and_nothing_else_is_taken_for_one(measured: Quality) -> None:
    assert measured.recall("exact").of > 80
    assert (measured.precision("exact").share, measured.recall("exact").share) == (1.0, 1.0)


def test_near_duplicates_are_found_with_few_mistakes(measured: Quality) -> None:
    assert measured.recall("near").of > 150
    assert measured.precision("near").share >= FLOOR
    assert measured.recall("near").share >= FLOOR


def test_every_class_of_near_duplicates_is_found(measured: Quality) -> None:
    """None hides behind the others: at most one of a class is missed."""
    missed = {
        case: sum(counts.values()) - counts.get("exact", 0) - counts.get("near", 0)
        for (label, case), counts in measured.outcomes.items()
        if label == "near"
    }
    assert max(missed.values()) <= 1, missed


def test_what_only_a_person_can_be_sure_of_is_put_before_one(measured: Quality) -> None:
    assert measured.recall("suspect").of > 20
    assert measured.recall("suspect").share >= FLOOR


def test_what_rightly_comes_again_passes(measured: Quality) -> None:
    stopped: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for (label, case), counts in measured.outcomes.items():
        if label == "new":
            seen[case] += sum(counts.values())
            stopped[case] += counts.get("exact", 0) + counts.get("near", 0)
    assert len(seen) == 16 and min(seen.values()) > 40
    assert not +stopped, "stopped although it is new"


def test_the_report_names_every_class(bills: list[Bill], measured: Quality) -> None:
    text = report(len(bills), 1.0, measured)
    assert all(f"| {bill.label} | {bill.case} |" in text for bill in bills)


def test_a_labelled_set_is_the_same_for_its_seed_and_each_duplicate_names_what_it_repeats(
    bills: list[Bill],
) -> None:
    assert bills == generate(11, REQUESTS, SHARE)
    repeated = [(bill, bills[bill.of]) for bill in bills if bill.of is not None]
    assert len(repeated) == round(REQUESTS * SHARE)
    assert all(one.received_on <= bill.received_on for bill, one in repeated)
