"""The clock from a properly completed form to its payment, as its version's row keeps it."""

from __future__ import annotations

from datetime import date
from typing import Any

from throughline.programmes import PayClock


def running(clock: PayClock | None) -> dict[str, Any]:
    """The columns of a version that waits for a person or for its payment."""
    return {
        "complete_since": None if clock is None else clock.started_on,
        "pay_by": None if clock is None else clock.due_on,
        "pay_by_stopped": None,
    }


def stopped(on: date) -> dict[str, Any]:
    """Of one that must be completed first: since when it was complete, if it ever was, stays."""
    return {"pay_by": None, "pay_by_stopped": on}
