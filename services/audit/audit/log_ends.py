"""What the broker holds: every topic with the start and the end of each partition's log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import ServiceSettings


class Ends(NamedTuple):
    """The lowest offset that is still there, and the offset that the next record will get."""

    start: int
    end: int


LogEnds = dict[str, dict[int, Ends]]

AskBroker = Callable[[], Awaitable[LogEnds]]


async def ask_broker(settings: ServiceSettings) -> LogEnds:
    """Every topic of the broker that is not its own (those begin with two underscores)."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers, **_security(settings))
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


def _security(settings: ServiceSettings) -> dict[str, Any]:
    if settings.kafka_username is None or settings.kafka_password is None:
        return {"security_protocol": settings.kafka_security_protocol}
    return {
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }
