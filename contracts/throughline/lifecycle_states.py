"""The states that people see, and the nodes of the lifecycle's table: where a version may stand, by name."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What a person is told."""

    DRAFT = "Draft"
    SUBMITTED = "Submitted"
    IN_REVIEW = "In review"
    APPROVED = "Approved"
    SCHEDULED = "Payout scheduled"
    PAID = "Paid"
    EXCEPTION = "Exception"


class Substatus(StrEnum):
    """What else is true of a state. Never a state of its own."""

    NONE = ""
    WITHDRAWN = "withdrawn"
    DENIED = "denied"
    VOIDED = "voided"
    CORRECTED = "corrected"
    ON_HOLD = "on hold"
    RETURNED = "returned"
    REVERSED = "reversed"
    RECOVERING = "recovering"
    MISMATCH = "mismatch"


ENDED = frozenset({Substatus.WITHDRAWN, Substatus.DENIED, Substatus.VOIDED, Substatus.CORRECTED})

Node = tuple[State | None, Substatus]
"""Where a version stands. (None, NONE): nothing was heard yet."""

NEW: Node = (None, Substatus.NONE)
SUBMITTED: Node = (State.SUBMITTED, Substatus.NONE)
IN_REVIEW: Node = (State.IN_REVIEW, Substatus.NONE)
APPROVED: Node = (State.APPROVED, Substatus.NONE)
SCHEDULED: Node = (State.SCHEDULED, Substatus.NONE)
UNRELEASED: Node = (State.SCHEDULED, Substatus.ON_HOLD)
PAID: Node = (State.PAID, Substatus.NONE)
EXCEPTED: Node = (State.EXCEPTION, Substatus.NONE)
ON_HOLD: Node = (State.EXCEPTION, Substatus.ON_HOLD)
RETURNED: Node = (State.EXCEPTION, Substatus.RETURNED)
REVERSED: Node = (State.EXCEPTION, Substatus.REVERSED)
RECOVERING: Node = (State.PAID, Substatus.RECOVERING)
MISMATCH: Node = (State.EXCEPTION, Substatus.MISMATCH)
DENIED_SUBMITTED: Node = (State.SUBMITTED, Substatus.DENIED)
DENIED_REVIEWED: Node = (State.IN_REVIEW, Substatus.DENIED)
DENIED_EXCEPTED: Node = (State.EXCEPTION, Substatus.DENIED)
OPEN = (SUBMITTED, IN_REVIEW, EXCEPTED)
DECIDED = (APPROVED, SCHEDULED, UNRELEASED, PAID, RECOVERING, ON_HOLD, RETURNED, REVERSED, MISMATCH)
CAME_BACK = (RETURNED, REVERSED)
WITH_THE_PAYEE = (PAID, RECOVERING, MISMATCH)
DENIED = (DENIED_SUBMITTED, DENIED_REVIEWED, DENIED_EXCEPTED)
STOPPABLE = (APPROVED, ON_HOLD, *CAME_BACK)
STOPPED = tuple(
    (state, how)
    for state in (State.APPROVED, State.EXCEPTION)
    for how in (Substatus.WITHDRAWN, Substatus.VOIDED, Substatus.CORRECTED)
)
# Where a version may stand when the last is heard of a payment that came to nothing, or of an earlier one.
AFTER_A_PAYMENT = (*DECIDED, *STOPPED, IN_REVIEW, EXCEPTED, *DENIED)


def ended(node: Node, how: Substatus) -> Node:
    return (node[0], how)
