"""What the form tells before a request is sent: by the same need to know as after. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from portal.rule_checks import told_before_it_is_sent
from throughline.reasons import Reason

STAFFS = (Reason.EXCLUDED, Reason.EXCLUSION_NAME, Reason.DUPLICATE_NEAR, Reason.DUPLICATE_SUSPECT)


def finding(reason: Reason, severity: str = "exception") -> dict[str, Any]:
    return {
        "rule": "any", "severity": severity, "reason": reason.value, "field": "payee.identifier",
        "message": "The billing provider has the name of somebody on a list.", "fix": "Ask.",
    }  # fmt: skip


@pytest.mark.parametrize("reason", STAFFS, ids=[one.value for one in STAFFS])
@pytest.mark.parametrize("severity", ["exception", "review"])
def test_a_form_does_not_tell_who_is_on_a_list_or_like_another_bill(reason: Reason, severity: str) -> None:
    assert told_before_it_is_sent([finding(reason, severity)]) == []


def test_a_form_tells_what_its_person_can_mend() -> None:
    (told,) = told_before_it_is_sent([finding(Reason.TIMELY_FILING)])
    assert (told.why, told.fix) == ("rule", "Ask.")
