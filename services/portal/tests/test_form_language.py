"""In which language a person reads a form: as they chose, as their account says, as their browser asks."""

from __future__ import annotations

import pytest

from portal.form_language import asked_for, language_of, name_of

BOTH = ("en", "es")
CASES = [
    ("nothing is said", None, "en", "", "en"),
    ("the browser", None, "en", "es-MX,es;q=0.9,en;q=0.8", "es"),
    ("the browser's second", None, "en", "hy, es;q=0.4", "es"),
    ("the account before the browser", None, "es", "en-US", "es"),
    ("the choice before all", "en", "es", "es", "en"),
    ("a choice that the pack has not", "hy", "en", "es", "es"),
    ("nonsense", None, "en", "*;q=x,;;q=1,\x00;q=2", "en"),
]


@pytest.mark.parametrize(
    ("chosen", "account", "accept", "wanted"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_the_language_of_a_form(chosen: str | None, account: str, accept: str, wanted: str) -> None:
    assert language_of(BOTH, chosen, account, accept) == wanted


def test_languages_are_asked_for_by_their_weight_and_called_as_their_speakers_do() -> None:
    assert asked_for("en;q=0.2, es-US;q=0.9, hy") == ["hy", "es", "en"]
    assert asked_for("es;q=0") == []
    assert name_of("es") == "español"
