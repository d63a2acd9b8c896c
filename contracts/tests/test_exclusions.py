"""Names of excluded people and businesses are compared by what two spellings of one name have in common."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from throughline.exclusions import ENTRIES_MAX, Exclusion, ExclusionListRecorded, name_hashes
from throughline.flow import fixed_topics


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Morgan Vale", "VALE, MORGAN"),
        ("Morgan Vale", "Morgan Q. Vale, M.D."),
        ("Jané Doe", "JANE DOE"),
        ("O'Neil Sons", "ONEIL SONS INC"),
        ("Harbor Light Transport, L.L.C.", "THE HARBOR LIGHT TRANSPORT CO"),
        ("Vale-Stone, Ann", "Ann Vale Stone Jr"),
    ],
)
def test_two_spellings_of_one_name_meet(one: str, other: str) -> None:
    assert set(name_hashes(one)) & set(name_hashes(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Morgan Vale", "Morgan Vole"), ("Morgan Vale", "Morgan Stone Vale"), ("Vale", "Morgan Vale")],
)
def test_two_names_do_not_meet(one: str, other: str) -> None:
    assert not set(name_hashes(one)) & set(name_hashes(other))


def test_a_name_of_titles_alone_still_is_a_name_and_no_word_is_none() -> None:
    assert len(name_hashes("The Co")) == 1
    assert name_hashes(" - ", "") == ()


def test_a_full_part_fits_its_topic() -> None:
    entry = Exclusion(
        npi="1234567893",
        names=tuple(f"{at:032x}" for at in range(4)),
        excluded_on=date(2026, 1, 1),
        reinstated_on=date(2026, 1, 1),
    )
    part = ExclusionListRecorded(
        list_id="x" * 40,
        version=2**40,
        dated_on=date(2026, 1, 1),
        sha256="a" * 64,
        part=1,
        parts=1,
        entries=(entry,) * ENTRIES_MAX,
    )
    assert len(part.model_dump_json()) < fixed_topics()["reference.exclusions"].message_bytes_max * 0.9


def test_an_exclusion_of_nobody_is_a_breach() -> None:
    with pytest.raises(ValidationError):
        Exclusion(excluded_on=date(2026, 1, 1))


def test_zeros_are_no_number() -> None:
    assert Exclusion(npi="0000000000", names=name_hashes("Morgan Vale")).npi is None
    with pytest.raises(ValidationError, match="a number or a name"):
        Exclusion(npi="0000000000")
