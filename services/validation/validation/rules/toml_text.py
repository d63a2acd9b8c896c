"""TOML as people upload it, read within bounds."""

from __future__ import annotations

import tomllib
from typing import Any

_LINE_MAX = 2_000
"""Characters of a line of TOML: the parser's time grows with the square of a dotted key."""


def toml_of(text: str) -> dict[str, Any]:
    """Raises ValueError, whatever somebody uploaded."""
    if any(len(line) > _LINE_MAX for line in text.splitlines()):
        raise ValueError(f"a line is longer than {_LINE_MAX} characters")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
