"""An exclusion list beside the one in force: whole, cut off, or shorter for a reason, in whatever order it comes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from throughline.exclusions import Exclusion, ExclusionListRecorded
from validation.testing import excluded
from validation.whole_lists import Arriving, Editions, edition_of


def part(
    count: int, number: int = 1, parts: int = 1, version: int = 2, because: str | None = None
) -> ExclusionListRecorded:
    entries = [Exclusion(npi=str(1_000_000_000 + one)) for one in range(count)]
    return excluded(*entries, part=number, parts=parts, version=version, shrinks_because=because)


ROWS: list[tuple[str, Sequence[ExclusionListRecorded], list[bool]]] = [
    ("nine tenths are enough", [part(90)], [False]),
    ("fewer are not", [part(89)], [True]),
    ("nothing at all is not", [part(0)], [True]),
    ("a reason is believed", [part(0, because="It begins anew.")], [False]),
    ("it is judged once it is whole", [part(40, 1, 2), part(49, 2, 2)], [False, True]),
    ("and by all of its parts", [part(45, 2, 2), part(45, 1, 2)], [False, False]),
    ("a part that comes twice counts once", [part(45, 1, 2), part(45, 1, 2), part(45, 2, 2)], [False, False, False]),
    ("the reason may stand in any part", [part(1, 1, 2, because="Less."), part(1, 2, 2)], [False, False]),
    ("what is not above the one in force is not judged", [part(0, version=1)], [False]),
    ("the next is beside the one that came into force", [part(200), part(100, version=3)], [False, True]),
    ("and not beside the one that was refused", [part(10), part(89, version=3), part(90, version=4)],
     [True, True, False]),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "refused"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_list_beside_one_of_a_hundred_entries(
    parts: Sequence[ExclusionListRecorded], refused: list[bool]
) -> None:
    editions = Editions({"oig-leie": (1, 100)})
    assert [editions.completes_a_cut_list(one) for one in parts] == refused


def test_the_first_list_is_beside_none_and_parts_that_were_stored_count() -> None:
    assert not Editions({}).completes_a_cut_list(part(0))
    came = Arriving(2, {1: 89})
    assert Editions({"oig-leie": (1, 100)}, {edition_of(part(0)): came}).completes_a_cut_list(part(0, 2, 2))
