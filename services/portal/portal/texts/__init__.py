"""Every text of the portal, by its key: ``texts/<language>/<page>.toml``. Formats of dates, times and money by Babel.

A key is ``<file>.<name>``: ``home.title`` is ``title`` in ``home.toml``. ``{name}`` is filled in. A text that counts is
a table with Babel's plural names: ``waiting = { one = "One request waits", other = "{n} requests wait" }``.
Another language is another folder; what it lacks is shown in English, and a test names it.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

from throughline.reasons import Reason

FOLDER = Path(__file__).parent
ENGLISH = "en"


@cache
def catalogue(language: str) -> dict[str, Any]:
    """Every text of a language by its whole key."""
    texts: dict[str, Any] = {}
    if language == ENGLISH:  # the sentences of the contracts, written for who must act
        texts |= {f"reasons.{one.value}": one.sentence for one in Reason}
    for path in sorted((FOLDER / language).glob("*.toml")):
        for name, text in tomllib.loads(path.read_text(encoding="utf-8")).items():
            texts[f"{path.stem}.{name}"] = text
    return texts


@cache
def languages() -> tuple[str, ...]:
    return tuple(sorted(path.name for path in FOLDER.iterdir() if (path / "portal.toml").is_file()))


def text(language: str, key: str, values: dict[str, Any]) -> str:
    """The text, filled in. Raises KeyError where English has none of that key."""
    found = catalogue(language).get(key) if language in languages() else None
    if found is None:
        language, found = ENGLISH, catalogue(ENGLISH)[key]
    if isinstance(found, dict):
        found = found[plural_form(language, values["n"])]
    return str(found).format(**values) if values else str(found)


def plural_form(language: str, n: int) -> str:
    return str(Locale.parse(language).plural_form(n))
