"""A gap in the sequence that lasts: read again from the position after ten seconds, page after a minute."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from chassis import metrics
from chassis.order import Order

if TYPE_CHECKING:
    from chassis.consumer import Listener

GAP_READ_AGAIN_S = 10.0
GAP_PAGE_S = 60.0


class ReadAgain(Exception):
    """Seek to the stored position and read on; no failure, no delay."""


class GapWatch:
    """For one partition, through all its takeovers."""

    def __init__(self, listener: Listener, tp: TopicPartition) -> None:
        self._listener = listener
        self._tp = tp
        self._waiting_since: tuple[int, float] | None = None
        self._read_again_at = 0.0

    def look(self, order: Order) -> None:
        """Called after every slice, and every second while something waits. Raises ReadAgain."""
        topic, partition = self._tp.topic, self._tp.partition
        metrics.HELD.labels(topic=topic, partition=partition).set(order.held)
        waits_for, now = order.waits_for, time.monotonic()
        alarms = self._listener.context.alarms
        if waits_for is None:
            if self._waiting_since is not None:
                alarms.clear("sequence_gap", topic=topic, partition=partition)
            self._waiting_since = None
            return
        if self._waiting_since is None or self._waiting_since[0] != waits_for:
            self._waiting_since = (waits_for, now)
            self._read_again_at = now + GAP_READ_AGAIN_S
            return
        if now - self._waiting_since[1] > GAP_PAGE_S and self._listener.lag(self._tp) == 0:
            alarms.raise_("sequence_gap", topic=topic, partition=partition)
        if now > self._read_again_at:
            self._read_again_at = now + GAP_READ_AGAIN_S
            raise ReadAgain
