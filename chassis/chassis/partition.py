"""One assigned partition: take it over, apply slices in order, and after any failure begin again from the stored row.

Each partition has its own task, queue and transactions, so that a slow, failing or held one delays no other. A failure
pauses the partition, for as long as it takes; nothing is skipped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from chassis import metrics
from chassis.arrival import Arrival, ConsumerRecord, Defect, UnknownVersion, decode, in_sequence, raw_record
from chassis.failures import FailureWindow
from chassis.feed import read_feed
from chassis.gap import GapWatch, ReadAgain
from chassis.log_check import check_log
from chassis.order import Order, Plan, Position
from chassis.outbox import prefix_of_slices
from chassis.positions import Ownership, take_over
from chassis.slices import Door
from chassis.standstill import Standstill
from chassis.work_off import WorkOff
from throughline.flow import Kind
from throughline.reasons import Reason

if TYPE_CHECKING:
    from chassis.consumer import Listener

logger = logging.getLogger("chassis.partition")

_SLICE_MIN = 10
_REST_MAX_S = 0.25


class PartitionWorker:
    """Owns everything about one assigned partition until it is revoked."""

    def __init__(self, listener: Listener, tp: TopicPartition, door: Door, window: FailureWindow) -> None:
        self.tp = tp
        self.door = door
        self.listener = listener
        self.settings = listener.settings
        self.context = door.context
        self.window = window
        self.sequenced = door.topic.kind is Kind.EVENTS and not door.hearing.is_raw
        self.ready = False
        self.stopping = False
        self.in_transaction = asyncio.Lock()
        self.position: Position | None = None
        self._queue: deque[Any] = deque()
        self._queued_bytes = 0
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._paused_for_room = False
        self._slice_max = self.settings.slice_records_max
        self._rest_s = 0.0
        self._order: Order | None = None
        self._unreadable: Exception | None = None
        self._expired = (0, 0)
        """From where to where the log has expired behind the position."""
        self._gap = GapWatch(listener, tp)
        self._standstill = Standstill(tp, door.context.alarms, self.settings.session_timeout_s)
        self.task = asyncio.create_task(self._run(), name=f"partition {tp.topic}/{tp.partition}")

    @property
    def trouble(self) -> str | None:
        """Why it stands still, as an alarm's name."""
        return self._standstill.cause

    # What the consumer calls.

    def give(self, records: Sequence[Any]) -> None:
        """Records as read. Dropped while the partition is being taken over: they will be read again."""
        if not self.ready:
            return
        self._queue.extend(records)
        self._queued_bytes += sum(len(record.value or b"") for record in records)
        self._arrived.set()
        if self.is_full:
            self._drained.clear()

    @property
    def is_full(self) -> bool:
        return (
            len(self._queue) > self.settings.queue_records_max
            or self._queued_bytes > self.settings.queue_bytes_max
        )

    async def wait_for_room(self, timeout_s: float) -> None:
        """Hold the reading loop a little; a partition that stays full is paused alone."""
        if not self.is_full:
            return
        try:
            await asyncio.wait_for(self._drained.wait(), timeout_s)
        except TimeoutError:
            if self.ready and self.is_full:
                self._paused_for_room = True
                self.listener.pause(self.tp)

    async def stop(self, timeout_s: float) -> None:
        """Finish the transaction in hand, at most so long; then let go."""
        self.stopping = True
        self.ready = False
        self._arrived.set()
        try:
            async with asyncio.timeout(timeout_s), self.in_transaction:
                pass
        except TimeoutError:
            logger.warning("%s/%s did not finish in time", self.tp.topic, self.tp.partition)
        self.task.cancel()
        await asyncio.wait([self.task], timeout=1.0)

    @property
    def reads_next(self) -> int:
        """The offset behind everything that was given; only while it is ready."""
        if self._queue:
            return int(self._queue[-1].offset) + 1
        return self._order.read_to if self._order is not None else 0

    def cannot_read(self, error: Exception) -> None:
        """What comes next cannot be read: stand still, and try again later."""
        self._unreadable = error
        self.listener.pause(self.tp)
        self._arrived.set()

    # The life of the partition.

    async def _run(self) -> None:
        while not self.stopping:
            try:
                owned = await self._take_over()
                await self._work(owned)
            except ReadAgain:
                self._reset()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._reset()
                await self._stand_still(error)

    async def _take_over(self) -> Ownership:
        """Raise the epoch, check the log against the row, send left-over packs, seek, resume."""
        await self.listener.may_speak()
        topic, partition = self.tp.topic, self.tp.partition
        async with self.in_transaction, self.context.pool.acquire() as db, db.transaction():
            owned = await take_over(db, topic, partition, self.settings.instance_id)
            await self.context.outbox.send_left_overs(db, prefix_of_slices(topic, partition))
        position = await check_log(self.listener, self.context, owned, sequenced=self.sequenced)
        self.position = owned.position = position
        self._order = Order(
            position,
            sequenced=self.sequenced,
            held_records_max=self.settings.held_records_max,
            held_bytes_max=self.settings.held_bytes_max,
        )
        self._order.hole_accepted_at = self._standstill.hole_accepted_at
        metrics.PARKED_NOW.labels(topic=topic, partition=partition).set(owned.parked)
        first = position.next - 1 if position.last_hash else position.next
        start = first
        if self.settings.audit_feed_url is not None:
            start, _ = await self.listener.log_bounds(topic, partition)
        self._expired = (first, start)
        self.ready = True
        self.listener.seek_and_resume(self.tp, max(first, start))
        return owned

    async def _work(self, owned: Ownership) -> None:
        assert self._order is not None
        order = self._order
        work_off = WorkOff(self.door, owned, self.window, self.in_transaction)
        first, start = self._expired
        if first < start:
            async for page in read_feed(self.settings, self.tp.topic, self.tp.partition, first, start):
                await self._take(order, work_off, self._arrivals(page))
        while not self.stopping:
            arrivals = await self._next(order)
            begun_at = time.monotonic()
            await self._take(order, work_off, arrivals)
            self._rest_s = min(time.monotonic() - begun_at, _REST_MAX_S)
            if order.repeated:
                metrics.REPEATED.labels(topic=self.tp.topic).inc(order.repeated)
                order.repeated = 0
            self._gap.look(order)
            if order.must_read_again:
                raise ReadAgain

    async def _take(self, order: Order, work_off: WorkOff, arrivals: list[Arrival]) -> None:
        plan = order.take(arrivals)
        await self.context.outbox.room()
        self.context.outbox.must_be_speaking()
        await self._apply(work_off, plan)
        self.position = plan.whole
        self._recovered()

    async def _apply(self, work_off: WorkOff, plan: Plan) -> None:
        """Decode what has its turn and work it off, up to a message from a release that is newer than this one."""
        known = len(plan.ready)
        unknown: UnknownVersion | None = None
        for index, arrival in enumerate(plan.ready):
            try:
                self._decode(arrival)
            except UnknownVersion as error:
                known, unknown = index, error
                break
        at = 0
        while at < known:
            until = min(known, at + self._slice_max)
            await work_off.apply(plan, at, until)
            at = until
        if not plan.ready and plan.whole != plan.before:
            await work_off.apply(plan, 0, 0)
        if unknown is not None:
            raise unknown

    def _decode(self, arrival: Arrival) -> None:
        if self.door.hearing.is_raw:
            arrival.message = raw_record(arrival.record)
        elif arrival.message is None and arrival.defect is None:
            decode(arrival, self.door.topic)
            if self.sequenced and arrival.sequence is None and arrival.defect is None:
                arrival.defect, arrival.message = Defect(Reason.HEADERS, "ce_sequence"), None

    async def _next(self, order: Order) -> list[Arrival]:
        """The queued records, as many as make a slice; waits for the first.

        Where few are queued it rests as long as the last slice took: a slice costs the same few milliseconds however
        few it holds, and on a busy machine small ones left no time for the large ones behind them.
        """
        if len(self._queue) < self.settings.slice_records_max // 2:
            await asyncio.sleep(self._rest_s)
        while (count := self._count_of_next(order)) == 0:
            if self._unreadable is not None:
                raise self._unreadable
            self._arrived.clear()
            if self._paused_for_room and not self.is_full:
                self._paused_for_room = False
                self.listener.resume(self.tp)
            try:
                waits = order.waits_for is not None or self.context.said_before.making_again
                async with asyncio.timeout(1.0 if waits else None):
                    await self._arrived.wait()
            except TimeoutError:
                self._gap.look(order)
            if self.stopping:
                raise asyncio.CancelledError
        records = [self._queue.popleft() for _ in range(count)]
        self._queued_bytes -= sum(len(record.value or b"") for record in records)
        if not self.is_full:
            self._drained.set()
        return self._arrivals(records)

    def _arrivals(self, records: Sequence[ConsumerRecord]) -> list[Arrival]:
        return [in_sequence(record) if self.sequenced else Arrival(record) for record in records]

    def _count_of_next(self, order: Order) -> int:
        """How many of the queued records have their turn. While what was said before a restore is made again, records
        that caused none of it wait: on them something new could be said. But not where one of them fills a gap.
        """
        count = min(len(self._queue), self.settings.slice_records_max)
        until = self.context.said_before.waits_at(self.tp.topic, self.tp.partition)
        if until is None or not count or order.waits_for is not None or self._queue[count - 1].offset < until:
            return count
        return sum(1 for at in range(count) if self._queue[at].offset < until)

    # Failure.

    def _reset(self) -> None:
        """Pause, forget the memory; the stored row is the truth."""
        self.ready = False
        self.listener.pause(self.tp)
        self._paused_for_room = False
        self._queue.clear()
        self._queued_bytes = 0
        self._order = None
        self._unreadable = None
        self._drained.set()

    def _recovered(self) -> None:
        self._slice_max = min(self.settings.slice_records_max, self._slice_max * 2)
        self._standstill.over()

    async def _stand_still(self, error: Exception) -> None:
        # What ran out of time with so many may do with fewer.
        self._slice_max = max(_SLICE_MIN, self._slice_max // 2)
        await self._standstill.wait(error)
