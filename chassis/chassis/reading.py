"""A batch of records that cannot be read (an unknown codec, broken bytes) stops its own partition and no other.

aiokafka raises out of the poll that meets it, whatever else that poll had in hand: those records are gone, with the
positions moved behind them. FastStream then sleeps for seconds, for all partitions. So each partition is polled alone,
the bad one stands still and pages, and positions that ran ahead are put back.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError

if TYPE_CHECKING:
    from chassis.consumer import Listener
    from chassis.partition import PartitionWorker

logger = logging.getLogger("chassis.reading")

_FETCH_MS = 500
UNREADABLE = (UnsupportedCodecError, CorruptRecordException)


def read_apart(listener: Listener, subscriber: Any) -> None:
    """Put it between FastStream's loop and its consumer."""
    poll = subscriber.get_msg

    async def get_msg(consumer: Any) -> tuple[Any, ...]:
        try:
            found: tuple[Any, ...] = await poll(consumer)
        except UNREADABLE as error:
            logger.warning("a poll met what cannot be read: %s", type(error).__name__)
            return await _one_by_one(listener, consumer, subscriber.max_records)
        return found

    subscriber.get_msg = get_msg


async def _one_by_one(listener: Listener, consumer: Any, records_max: int | None) -> tuple[Any, ...]:
    records: list[Any] = []
    reading = {
        tp: worker
        for tp, worker in listener.workers.items()
        if worker.ready and tp not in consumer.paused() and tp in consumer.assignment()
    }
    # What is buffered is spoilt: an iterator that has raised ends quietly the next time, behind what it had in hand.
    for tp, worker in reading.items():
        consumer.seek(tp, worker.reads_next)
    for tp, worker in reading.items():
        if consumer.highwater(tp) == worker.reads_next:
            continue
        try:
            found = await consumer.getmany(tp, timeout_ms=_FETCH_MS, max_records=records_max)
        except UNREADABLE:
            consumer.seek(tp, worker.reads_next)
            await _give_up_to_the_bad_one(consumer, tp, worker)
        else:
            records.extend(found.get(tp, ()))
    return tuple(records)


async def _give_up_to_the_bad_one(consumer: Any, tp: TopicPartition, worker: PartitionWorker) -> None:
    """One at a time: what stands before it is no worse for it."""
    try:
        while found := await consumer.getmany(tp, timeout_ms=_FETCH_MS, max_records=1):
            worker.give(found[tp])
    except UNREADABLE as error:
        worker.cannot_read(error)
