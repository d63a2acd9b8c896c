"""Quantities as files write them: a decimal with at most three places, kept as whole thousandths."""

from __future__ import annotations

import re

_QUANTITY = re.compile(r"(\d{1,7})(?:\.(\d{0,3}))?|\.(\d{1,3})")


def thousandths_of(text: str) -> int:
    """``"1.5"`` -> 1500, exactly. Raises ValueError, which does not repeat the text."""
    match = _QUANTITY.fullmatch(text) if text.isascii() else None
    if match is None:
        raise ValueError("must be a quantity with at most three decimals")
    return int(match[1] or "0") * 1000 + int((match[2] or match[3] or "").ljust(3, "0"))
