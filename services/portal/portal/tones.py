"""The tone in which a state is shown: calm, good, wait or bad. The word says it; the tone only repeats it."""

from __future__ import annotations

from throughline.lifecycle import State, Substatus

PAYMENT_TONES = {
    "scheduled": "wait",
    "sent": "wait",
    "settled": "good",
    "returned": "bad",
    "refused": "bad",
    "reversed": "bad",
}


def tone_of(state: str | None, substatus: str | None) -> str:
    if substatus in (Substatus.RETURNED, Substatus.REVERSED, Substatus.MISMATCH, Substatus.DENIED):
        return "bad"
    if substatus in (Substatus.WITHDRAWN, Substatus.VOIDED, Substatus.CORRECTED):
        return "calm"
    match state:
        case State.PAID:
            return "good"
        case State.EXCEPTION:
            return "bad" if not substatus else "wait"
        case State.IN_REVIEW | State.SCHEDULED | State.APPROVED:
            return "wait" if state == State.IN_REVIEW else "good"
    return "calm"


def state_key(state: str | None, substatus: str | None) -> str:
    """The text's key: ``states.exception_on_hold``."""
    words = f"{state or 'unknown'} {substatus or ''}".strip()
    return "states." + words.lower().replace(" ", "_")
