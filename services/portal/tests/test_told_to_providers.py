"""What a provider reads of a reason tells neither of a list nor of others' bills."""

from __future__ import annotations

from portal.told_to_providers import INSTEAD, LOOKED_INTO, reason_key
from throughline.reasons import Reason


def test_the_sentence_of_a_name_on_a_list_is_that_of_other_reviews_too() -> None:
    alike = {reason for reason, key in INSTEAD.items() if key == LOOKED_INTO}
    assert {Reason.EXCLUSION_NAME, Reason.NO_PRICE, Reason.RECALLED} <= alike
    assert (
        reason_key(Reason.EXCLUSION_NAME) == reason_key(Reason.NO_PRICE) != reason_key(Reason.COVERAGE_ENDED)
    )
