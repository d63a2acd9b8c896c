"""`reference show exclusion-list`: which is in force, and why it may be shorter than the one before."""

from __future__ import annotations

from typing import Any, cast

import pytest

from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.reference_shown import show_reference

HELD = {"list_id": "oig-leie", "version": 2, "dated_on": "2026-11-01", "sha256": "ab" * 32, "entries": 61_234}


class Validation:
    def __init__(self, shrinks_because: str | None) -> None:
        self.held = {**HELD, "shrinks_because": shrinks_because}

    def get(self, service: str, path: str) -> list[dict[str, Any]]:
        assert (service, path) == ("validation", "/v1/exclusion-lists")
        return [self.held]


@pytest.mark.parametrize(("because", "is_told"), [("Entries of [1990] were dropped.", True), (None, False)])
def test_the_list_in_force_is_told_with_the_reason(
    because: str | None, is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    show_reference(cast(Line, Validation(because)), "exclusion-list", "oig-leie", None, None)
    shown = " ".join(capsys.readouterr().out.split())
    assert "version 2 of 2026-11-01, 61,234 entries" in shown
    assert ("because: Entries of [1990] were dropped." in shown) is is_told


def test_a_list_that_is_not_in_force_is_a_problem() -> None:
    with pytest.raises(Problem, match="No exclusion list 'state' is in force"):
        show_reference(cast(Line, Validation(None)), "exclusion-list", "state", None, None)
