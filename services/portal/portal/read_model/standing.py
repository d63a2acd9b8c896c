"""Where a request stands, as its row shows it: the fold's state, why, and who must do something."""

from __future__ import annotations

from typing import Any

from throughline.lifecycle import ENDED, State, Substatus, VersionState
from throughline.reasons import Reason

PROVIDER, OPERATIONS, NOBODY = "provider", "operations", ""

_ONLY_OPERATIONS = frozenset(
    {
        Reason.DUPLICATE.value,
        Reason.DUPLICATE_NEAR.value,
        Reason.EXCLUDED.value,
        Reason.RECOVERY_NEEDED.value,
        Reason.EDITS_USED_UP.value,
        Reason.HELD_BY_ORDER.value,
        Reason.REFUSED_BY_BANK.value,
        Reason.REVERSED.value,
    }
)
"""Nothing that the provider sends ends these; a reviewer or an operator must."""
_BY_THEMSELVES = frozenset({Reason.COOLING_OFF.value})


def who_acts(state: State | None, substatus: Substatus, reason: str | None) -> str:
    """Who must do something next: the provider, the operations staff, or nobody (a clock, or it has ended)."""
    if substatus in ENDED:
        return NOBODY
    if state is State.IN_REVIEW or (state is State.SCHEDULED and substatus is Substatus.ON_HOLD):
        return OPERATIONS
    if state is not State.EXCEPTION:
        return NOBODY
    if substatus is Substatus.MISMATCH or reason in _ONLY_OPERATIONS:
        return OPERATIONS
    return NOBODY if reason in _BY_THEMSELVES else PROVIDER


def standing_of(shown: VersionState) -> dict[str, Any]:
    """The columns of ``requests`` that follow from the fold."""
    reason = reason_of(shown)
    return {
        "version": shown.version,
        "state": str(shown.state) if shown.state else None,
        "substatus": str(shown.substatus),
        "reason": reason,
        "acts": who_acts(shown.state, shown.substatus, reason),
        "payment_id": shown.payment_id,
        "changed_at": max((step.told.at for step in shown.steps), default=None),
    }


def reason_of(shown: VersionState) -> str | None:
    """Why it stands where it stands: the reason of the last event that moved it, if that event gives one."""
    node = (shown.state, shown.substatus)
    for step in reversed(shown.steps):
        if step.after != node:
            return None
        reason = getattr(step.told.event, "reason", None)
        if reason is not None:
            return str(reason.value)
        reasons = getattr(step.told.event, "reasons", None)
        if reasons:
            return str(reasons[0].value)
        if type(step.told.event).__name__ == "PaymentReturned":
            return Reason.RETURNED.value
        if step.before != node:
            return None
    return None
