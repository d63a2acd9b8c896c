"""Which clearances of a request still hold: what was cleared with it, less what was taken back."""

from __future__ import annotations

from typing import cast
from uuid import UUID, uuid4

import pytest

from throughline.exclusions import ClearanceTakenBack, NameCleared
from throughline_cli import clearing
from throughline_cli.clearing import holding, take_back_clearances
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.witness import Record

REQUEST, PERSON, PAYEE = uuid4(), uuid4(), uuid4()


class Said:
    def __init__(self, message: object) -> None:
        self.id, self.message = uuid4(), message


def cleared(request: UUID = REQUEST) -> Said:
    return Said(
        NameCleared(
            request_id=request, version=1, list_id="oig-leie", payee_id=PAYEE, entries=("ab" * 16,),
            cleared_by=PERSON, note="Born in another year.",
        )
    )  # fmt: skip


def taken_back(of: Said) -> Said:
    return Said(
        ClearanceTakenBack(
            request_id=REQUEST, version=1, answers=of.id, list_id="oig-leie", payee_id=PAYEE,
            taken_back_by=PERSON, note="The same after all.",
        )
    )  # fmt: skip


def test_only_what_was_cleared_with_the_request_and_not_taken_back_still_holds() -> None:
    first, second, other = cleared(), cleared(), cleared(uuid4())
    records = cast(list[Record], [first, second, other, taken_back(first)])
    assert list(holding(records, REQUEST)) == [second.id]


def test_nothing_is_sent_where_nothing_holds_or_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing, "everything_said", lambda line: [])
    for note, says in ((" ", "says nothing"), ("It is the same.", "No name was cleared")):
        with pytest.raises(Problem, match=says):
            take_back_clearances(cast(Line, None), REQUEST, note)
