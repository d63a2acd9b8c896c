"""What the broker holds: every topic with the start and the end of each partition's log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import ServiceSettings
from chassis.connection import connection_of
from chassis.topic_ids import read_topics


class Ends(NamedTuple):
    """The lowest offset that is still there, and the offset that the next record will get."""

    start: int
    end: int


LogEnds = dict[str, dict[int, Ends]]

AskBroker = Callable[[], Awaitable[LogEnds]]


async def ask_broker(settings: ServiceSettings) -> LogEnds:
    """Every topic of the broker that is not its own (those begin with two underscores)."""
    connection = connection_of(settings)
    consumer = AIOKafkaConsumer(**connection)
    await consumer.start()
    try:
        topics = sorted(name for name in await consumer.topics() if not name.startswith("__"))
        counts = {name: count for name, (_, count) in (await read_topics(connection, topics)).items()}
        places = [TopicPartition(topic, at) for topic, count in counts.items() for at in range(count)]
        # Assigned and paused, it knows the leaders at once and fetches nothing; unassigned, each request waits seconds.
        consumer.assign(places)
        consumer.pause(*places)
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    found: LogEnds = {topic: {} for topic in counts}
    for place in places:
        found[place.topic][place.partition] = Ends(starts[place], ends[place])
    return found
