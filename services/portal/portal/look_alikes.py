"""Names that may look like others: letters of other scripts than Latin (UTS 39, confusables and mixed scripts). Pure.

Who approves a name reads it; a Cyrillic "a" in it cannot be read. What a bank file holds is ASCII in any case: payout
holds the item of a name that it cannot hold.
"""

from __future__ import annotations

import unicodedata


def foreign_letters(text: str) -> str:
    """The letters that are not Latin, each once; with them anything that is not shown or turns the line around."""
    return "".join(dict.fromkeys(one for one in text if _is_foreign(one)))


def shown_as(text: str) -> str:
    """The letters for a person to read: those not to be seen by their code point."""
    return " ".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in foreign_letters(text))


def _is_foreign(one: str) -> bool:
    if one.isascii():
        return not one.isprintable()
    kind = unicodedata.category(one)
    if kind in ("Cf", "Cc", "Co", "Cn"):
        return True
    return kind.startswith("L") and not unicodedata.name(one, "").startswith("LATIN")
