"""Invented numbers with valid check digits: NPIs, TINs, account numbers; routing numbers of real form."""

from __future__ import annotations

from random import Random

from throughline.identifiers import npi_is_valid, tin_is_valid

ROUTINGS = ("021000021", "091000019", "121042882", "231380104", "011401533")
"""Valid ABA numbers; the sandbox bank answers for all of them."""


def npi(random: Random) -> str:
    """An NPI with its check digit, in a range that starts 19, so that it is easy to recognise."""
    stem = f"19{random.randrange(10**7):07d}"
    return next(stem + str(digit) for digit in range(10) if npi_is_valid(stem + str(digit)))


def npi_with_wrong_digit(valid: str) -> str:
    """The same NPI with its last digit mistyped."""
    return valid[:-1] + str((int(valid[-1]) + 1) % 10)


def tin(random: Random) -> str:
    while True:
        made = f"9{random.randrange(10**8):08d}"
        if tin_is_valid(made):
            return made


def account(random: Random) -> str:
    """A bank account number that asks nothing special of the sandbox bank: it starts with 4."""
    return f"4{random.randrange(10**9):09d}"
