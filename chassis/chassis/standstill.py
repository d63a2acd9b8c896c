"""A partition that stands still: why, for how long until the next try, and whether a person must know."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError

from chassis import metrics
from chassis.alarms import Alarms
from chassis.arrival import UnknownVersion
from chassis.database import is_transient
from chassis.failures import BadDeploy, NotSpeaking
from chassis.log_check import LogTrouble
from chassis.order import Contradiction, Hole, LogChanged
from chassis.positions import Fenced

logger = logging.getLogger("chassis.standstill")

_DELAY_MAX_S = 5.0
_HOLD_DELAY_MAX_S = 30.0
_TRIES_BEFORE_PAGE = 20

_NAMED: tuple[tuple[type[Exception], str, bool], ...] = (
    (Contradiction, "sequence_contradiction", True),
    (LogChanged, "log_changed", True),
    (UnknownVersion, "unknown_version", True),
    (BadDeploy, "bad_deploy", True),
    (NotSpeaking, "not_speaking", True),
    (UnsupportedCodecError, "unreadable", True),
    (CorruptRecordException, "unreadable", True),
    (Fenced, "fenced", False),
    (Hole, "hole_in_log", False),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the partition stands still, as an alarm's name; ``page`` at once, or only when it lasts."""

    alarm: str
    page: bool
    delay_max_s: float


class Standstill:
    """Of one partition. ``session_timeout_s``: how long another owner is left alone before it is fenced in turn."""

    def __init__(self, tp: TopicPartition, alarms: Alarms, session_timeout_s: float) -> None:
        self._tp = tp
        self._alarms = alarms
        self._session_timeout_s = session_timeout_s
        self._failures = 0
        self._hole_seen_at = -1
        self.hole_accepted_at = -1
        self.cause: str | None = None

    def over(self) -> None:
        """A slice was applied."""
        if self._failures:
            self._failures = 0
            self.cause = None
            self._alarms.clear("partition_stopped", topic=self._tp.topic, partition=self._tp.partition)

    async def wait(self, error: Exception) -> None:
        """Wait a growing time; page where time alone will not cure it."""
        self._failures += 1
        trouble = self._trouble(error)
        self.cause = trouble.alarm
        metrics.RETRIES.labels(cause=trouble.alarm).inc()
        topic, partition = self._tp.topic, self._tp.partition
        if trouble.page or self._failures > _TRIES_BEFORE_PAGE:
            self._alarms.raise_("partition_stopped", cause=trouble.alarm, topic=topic, partition=partition)
        logger.warning("%s/%s stands still: %s (%s)", topic, partition, trouble.alarm, type(error).__name__)
        if isinstance(error, Fenced):
            metrics.FENCED.labels(topic=topic).inc()
            await asyncio.sleep(self._session_timeout_s)
        elif isinstance(error, Hole):
            self._accept_hole(error)
        else:
            delay = min(trouble.delay_max_s, 0.1 * 2 ** min(self._failures, 10))
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))

    def _accept_hole(self, hole: Hole) -> None:
        """Read once more; a hole that stays is paged, and passed: nobody can bring back what the log lacks."""
        if self._hole_seen_at != hole.expected:
            self._hole_seen_at = hole.expected
            return
        self.hole_accepted_at = hole.expected
        self._alarms.raise_(
            "hole_in_log",
            topic=self._tp.topic,
            partition=self._tp.partition,
            offset=hole.expected,
            next=hole.found,
        )

    def _trouble(self, error: Exception) -> Trouble:
        if isinstance(error, LogTrouble):
            return Trouble(error.alarm, True, _HOLD_DELAY_MAX_S)
        for kind, alarm, page in _NAMED:
            if isinstance(error, kind):
                return Trouble(alarm, page, _HOLD_DELAY_MAX_S)
        if is_transient(error):
            return Trouble("waiting", False, _DELAY_MAX_S)
        logger.error("%s/%s failed", self._tp.topic, self._tp.partition, exc_info=error)
        return Trouble("failing", True, _HOLD_DELAY_MAX_S)
