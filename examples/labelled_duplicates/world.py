"""Invented people, payees and prices. Families share a subscriber id, some are twins; groups share a tax number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import SequenceMatcher
from random import Random

_HEADS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
)
_HEARTS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
_TAILS = ("", "n", "r", "s", "l", "m", "nd", "rt", "ck", "th")

VISITS = {
    "99212": 7_500, "99213": 12_000, "99214": 17_500, "93000": 4_500, "71046": 6_800, "36415": 1_500, "80053": 3_900,
    "85025": 2_400, "81002": 1_100, "87880": 3_300, "90686": 2_900, "90471": 2_600, "20610": 9_800, "11042": 15_500,
    "12001": 21_000, "69210": 6_100, "94640": 3_700, "96372": 2_700, "G0008": 2_600, "G0439": 13_300,
}  # fmt: skip
THERAPIES = {"97110": 3_900, "97140": 3_600, "97530": 4_400, "97112": 4_100, "92507": 9_500, "90834": 11_800}
SIDED = {"20610": 9_800, "73560": 5_200, "64483": 27_500, "15823": 88_000}
RENTED = {"E0601": 8_400, "E1390": 14_900, "E0260": 10_700}


@dataclass(frozen=True)
class Person:
    member_id: str
    last_name: str
    first_name: str | None
    birth_date: date | None


@dataclass(frozen=True)
class Payee:
    npi: str
    tin: str
    percent: int
    """Of the list price: each payee has its own."""


def name(random: Random, syllables: int) -> str:
    parts = [random.choice(_HEADS) + random.choice(_HEARTS) + random.choice(_TAILS) for _ in range(syllables)]
    return "".join(parts).capitalize()


def families(random: Random, count: int) -> list[list[Person]]:
    """Each has an id of nine digits, or of letters and digits; members count up behind it, or share it."""
    made = []
    for _ in range(count):
        stem = (
            f"{random.randrange(10**8, 10**9)}"
            if random.random() < 0.6
            else f"X{random.randrange(16**7):07X}"
        )
        size, shares_id = random.choice((1, 1, 1, 2, 3, 4)), random.random() < 0.4
        last, births = name(random, 2), [_birth(random) for _ in range(size)]
        if size > 2 and random.random() < 0.15:
            births[2] = births[1]  # twins
        knows_birth, knows_first = random.random() < 0.88, random.random() < 0.95
        firsts: list[str] = []
        while len(firsts) < size:
            drawn = name(random, random.choice((1, 2, 2)))
            if drawn not in firsts:
                firsts.append(drawn)
        made.append([
            Person(
                stem if shares_id else f"{stem}{at + 1:02d}", last,
                firsts[at] if knows_first else None, births[at] if knows_birth else None,
            )
            for at in range(size)
        ])  # fmt: skip
    return made


def _birth(random: Random) -> date:
    return date(1935, 1, 1) + timedelta(days=random.randrange(32_000))


def payees(random: Random, npis: Sequence[str]) -> list[Payee]:
    """One in six bills under the tax number of the one before: two numbers of one group."""
    made: list[Payee] = []
    for npi in npis:
        tin = f"9{random.randrange(10**8):08d}"
        if made and random.random() < 1 / 6:
            tin = made[-1].tin
        made.append(Payee(npi, tin, random.randrange(80, 160)))
    return made


def alike(one: Person, other: Person) -> bool:
    """As a reader sees it: the first names have half of their letters in common, in one order, or one is not known. A
    nickname is not alike, nor is a short name typed with two slips."""
    if one.first_name is None or other.first_name is None:
        return True
    return SequenceMatcher(None, one.first_name.lower(), other.first_name.lower()).ratio() >= 0.5


def without(person: Person, *, birth: bool = False, first: bool = False) -> Person:
    """The person as a channel knows them that does not ask for everything."""
    return replace(
        person,
        birth_date=None if birth else person.birth_date,
        first_name=None if first else person.first_name,
    )
