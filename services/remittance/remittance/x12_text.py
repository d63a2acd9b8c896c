"""Values as X12 carries them. An identifier is written as it is or refused; a name is replaced by rule, never damaged.

The rule for names: accents are taken off, letters become capitals, and every character outside the basic X12 set
(X12.6: capitals, digits, and the signs below), separators among them, becomes a blank; runs of blanks become one. What
is left is cut at the element's length: a name explains, it identifies nothing here.
"""

from __future__ import annotations

import re
import unicodedata

ELEMENT, COMPONENT, REPETITION, TERMINATOR = "*", ":", "^", "~"
SEPARATORS = frozenset(ELEMENT + COMPONENT + REPETITION + TERMINATOR)
_NOT_BASIC = re.compile(r"[^A-Z0-9 !\"&'()+,\-./;?=]+")


class NotEncodable(ValueError):
    """A value cannot stand in its element. ``element`` names it; the text never repeats the value."""

    def __init__(self, element: str, why: str) -> None:
        super().__init__(f"{element} {why}")
        self.element = element


def identifier(value: str, element: str, longest: int, shortest: int = 1) -> str:
    """The value unchanged. Raises NotEncodable where it is too long, too short or has a character X12 cannot carry."""
    if not shortest <= len(value) <= longest:
        raise NotEncodable(element, f"has {len(value)} characters; {shortest} to {longest} are allowed")
    if any(not " " <= character <= "~" or character in SEPARATORS for character in value):
        raise NotEncodable(element, "has a character that X12 cannot carry")
    if value != value.strip():
        raise NotEncodable(element, "begins or ends with a blank, which readers drop")
    return value


def name(value: str, element: str, longest: int, shortest: int = 1) -> str:
    """The value by the rule of this module. Raises NotEncodable where nothing that says anything is left."""
    plain = unicodedata.normalize("NFKD", value)
    plain = "".join(character for character in plain if not unicodedata.combining(character)).upper()
    kept = " ".join(_NOT_BASIC.sub(" ", plain).split())[:longest].strip()
    if len(kept) < shortest or not any(character.isalnum() for character in kept):
        raise NotEncodable(element, "has no character that X12 can carry")
    return kept


def masked(value: str) -> str:
    """An account's mask as X12 can carry it: ``••••6789`` becomes ``XXXX6789``."""
    return "".join(character if character.isascii() and character.isalnum() else "X" for character in value)
