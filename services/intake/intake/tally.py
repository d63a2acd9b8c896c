"""How requests are answered, counted by outcome and reason; and a warning where somebody should look at a partner."""

from __future__ import annotations

import logging
from collections import Counter

from chassis.metrics import ANSWERED
from throughline.answers import RequestAnswered
from throughline.reasons import Reason

logger = logging.getLogger("intake")

# A partner who does these is mistaken about more than a field.
WORTH_A_LOOK = frozenset({Reason.FIELD_FORBIDDEN, Reason.CONFLICT, Reason.WRONG_TOPIC})


class Tally:
    """The answers of one transaction. Names of partners, outcomes and reasons only."""

    def __init__(self) -> None:
        self._told: Counter[tuple[str, str, Reason | None]] = Counter()

    def add(self, partner: str, answer: RequestAnswered) -> None:
        self._told[partner, answer.outcome, answer.problems[0].reason if answer.problems else None] += 1

    def report(self) -> None:
        """Once the answers are stored. A transaction that is tried again is counted again."""
        for (partner, outcome, reason), count in self._told.items():
            ANSWERED.labels(outcome=outcome, reason=str(reason or "")).inc(count)
            if reason in WORTH_A_LOOK:
                logger.warning(
                    "worth a look", extra={"partner": partner, "reason": str(reason), "count": count}
                )
