"""What a person must know at once: a metric that stays up until cleared, and one ERROR line."""

from __future__ import annotations

import logging

from chassis import metrics

logger = logging.getLogger("chassis.alarms")


class Alarms:
    """Raised alarms of this process. Details are surrogate ids and coordinates only, never a body or a name."""

    def __init__(self) -> None:
        self.raised: dict[tuple[str, str], dict[str, object]] = {}

    def raise_(self, name: str, **details: object) -> None:
        """Raise an alarm, once per (name, details); raising it again says nothing new."""
        at = (name, repr(sorted(details.items())))
        if at in self.raised:
            return
        self.raised[at] = details
        metrics.ALARM.labels(name=name).set(sum(1 for raised, _ in self.raised if raised == name))
        logger.error(
            "alarm %s",
            name,
            extra={"alarm": name, **{f"at_{key}": str(value) for key, value in details.items()}},
        )

    def clear(self, name: str, **details: object) -> None:
        """Clear the alarms of that name whose details include these."""
        gone = [
            at
            for at, raised in self.raised.items()
            if at[0] == name and all(raised.get(key) == value for key, value in details.items())
        ]
        for at in gone:
            del self.raised[at]
        if gone:
            metrics.ALARM.labels(name=name).set(sum(1 for raised, _ in self.raised if raised == name))
            logger.info("alarm %s is over", name, extra={"alarm": name})

    def names(self) -> set[str]:
        return {name for name, _ in self.raised}
