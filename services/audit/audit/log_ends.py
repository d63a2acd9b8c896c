"""What the broker holds: every topic with the start and the end of each partition's log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import ServiceSettings
from chassis.consumer import connection_of


class Ends(NamedTuple):
    """The lowest offset that is still there, and the offset that the next record will get."""

    start: int
    end: int


LogEnds = dict[str, dict[int, Ends]]

AskBroker = Callable[[], Awaitable[LogEnds]]


async def ask_broker(settings: ServiceSettings) -> LogEnds:
    """Every topic of the broker that is not its own (those begin with two underscores)."""
    consumer = AIOKafkaConsumer(**connection_of(settings))
    await consumer.start()
    try:
        topics = sorted(name for name in await consumer.topics() if not name.startswith("__"))
        places = [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    found: LogEnds = {topic: {} for topic in topics}
    for place in places:
        found[place.topic][place.partition] = Ends(starts[place], ends[place])
    return found
