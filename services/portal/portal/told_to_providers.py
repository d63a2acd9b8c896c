"""Which reasons a provider reads, and what they read instead of the others: by need to know. Pure.

That somebody stands on a list of who may not be paid is found by name as well, and may be somebody else: the
staff find out, and say it where it is so. Its sentence stands for other reasons too on which only the staff act, so
that it tells nobody apart. How likeness to other bills is weighed, and with whose, tells of others.
"""

from __future__ import annotations

from throughline.reasons import Reason

LOOKED_INTO = "told.looked_into"
COMPARED = "why.compared"
INSTEAD: dict[str, str] = {
    Reason.EXCLUDED.value: LOOKED_INTO,
    Reason.EXCLUSION_NAME.value: LOOKED_INTO,
    Reason.NO_PRICE.value: LOOKED_INTO,
    Reason.RULE_ASKS_REVIEW.value: LOOKED_INTO,
    Reason.RECALLED.value: LOOKED_INTO,
    Reason.RELEASED_BY_REVIEWER.value: LOOKED_INTO,
    Reason.DUPLICATE_NEAR.value: COMPARED,
    Reason.DUPLICATE_SUSPECT.value: COMPARED,
}
"""The key of the sentence that stands for a reason that is the staff's."""


def reason_key(reason: str) -> str:
    """The key of the sentence that a provider reads for this reason."""
    return INSTEAD.get(reason) or f"reasons.{reason}"
