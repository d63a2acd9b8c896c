"""A security event: a command that nobody may give, or not so. Counted and logged after what refused it committed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from chassis import metrics
from throughline.reasons import Reason

logger = logging.getLogger("chassis.security")


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """Surrogate ids only."""

    reason: Reason
    topic: str
    type: str
    id: UUID


def record(events: Iterable[SecurityEvent]) -> None:
    """The metric ``throughline_security_events_total`` and one WARNING line each."""
    for one in events:
        metrics.SECURITY_EVENTS.labels(reason=str(one.reason)).inc()
        logger.warning("%s %s on %s is refused: %s", one.type, one.id, one.topic, one.reason)
