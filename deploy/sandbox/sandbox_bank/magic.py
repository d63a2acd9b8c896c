"""What becomes of an entry, chosen by the beginning of its account number (see the README's table)."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    SETTLES = "settles"
    RETURNED_AFTER = "returned_after"
    RETURNED_BEFORE = "returned_before"
    LATE = "late"
    LOST = "lost"
    TWICE = "twice"
    ENTRY_REFUSED = "entry_refused"
    FILE_REFUSED = "file_refused"


@dataclass(frozen=True)
class Chosen:
    """A fate, and the return reason where it has one."""

    fate: Fate
    return_code: str | None = None


_REVERSAL_RETURNED = "9908"
_WITH_REASON = {"9901": Fate.RETURNED_AFTER, "9902": Fate.RETURNED_BEFORE, "9905": Fate.TWICE}
_PLAIN = {"9903": Fate.LATE, "9904": Fate.LOST, "9906": Fate.ENTRY_REFUSED, "9907": Fate.FILE_REFUSED}


def chosen_by(account: str, is_reversal: bool = False) -> Chosen:
    """Any account that is not magic settles. A reversal settles whatever becomes of credits, but for one beginning."""
    head, reason = account[:4], account[4:6]
    if is_reversal:
        comes_back = head == _REVERSAL_RETURNED and len(reason) == 2 and reason.isascii() and reason.isdigit()
        return Chosen(Fate.RETURNED_AFTER, f"R{reason}") if comes_back else Chosen(Fate.SETTLES)
    if head in _PLAIN:
        return Chosen(_PLAIN[head])
    if head in _WITH_REASON and len(reason) == 2 and reason.isascii() and reason.isdigit():
        if reason != "00":
            return Chosen(_WITH_REASON[head], f"R{reason}")
        if head == "9905":
            return Chosen(Fate.TWICE)
    return Chosen(Fate.SETTLES)
