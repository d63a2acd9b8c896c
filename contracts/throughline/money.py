"""Money: integer cents of US dollars. No float comes near it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

Currency = Literal["USD"]

CENTS_MAX = 9_999_999_999
"""The largest amount of one ACH entry ($99,999,999.99): the amount field of a NACHA entry has ten digits."""

Cents = Annotated[int, Field(strict=True, ge=0, le=CENTS_MAX)]
SignedCents = Annotated[int, Field(strict=True, ge=-CENTS_MAX, le=CENTS_MAX)]
TotalCents = Annotated[int, Field(strict=True, ge=0, le=999_999_999_999)]
"""A total of many: the control totals of a NACHA file have twelve digits."""

_DECIMAL = re.compile(r"(-?)(\d{0,12})(?:\.(\d{0,2}))?")


def cents_of(text: str) -> int:
    """Cents of a decimal dollar amount as X12 and CSV write it: ``"120"``, ``"120.5"``, ``"-.05"``.

    Exact: more than two decimals, an exponent, signs other than one leading minus, separators and blanks are refused.
    Raises ValueError, which does not repeat the text.
    """
    match = _DECIMAL.fullmatch(text) if text.isascii() else None
    if match is None or not (match[2] or match[3]):
        raise ValueError("not a dollar amount: write digits with at most two decimals, e.g. 120.50")
    cents = int(match[2] or "0") * 100 + int((match[3] or "").ljust(2, "0"))
    return -cents if match[1] else cents


def decimal_of(cents: int) -> str:
    """The shortest decimal form, as X12 writes amounts: 12000 -> ``"120"``, 12050 -> ``"120.5"``, 5 -> ``"0.05"``."""
    sign = "-" if cents < 0 else ""
    dollars, rest = divmod(abs(cents), 100)
    fraction = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{sign}{dollars}{fraction}"


def for_people(cents: int) -> str:
    """As people read it: ``"$1,234.50"``, ``"-$0.05"``."""
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${dollars:,}.{rest:02d}"


def allocate(total_cents: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights so that the parts sum to it exactly: largest remainder first, ties to the earliest.

    >>> allocate(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    sign, amount = (-1, -total_cents) if total_cents < 0 else (1, total_cents)
    parts = [amount * weight // whole for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
    for i in remainders[: amount - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
