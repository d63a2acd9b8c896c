"""The topics of the map, made on the broker. Nothing else makes a topic: the broker refuses unknown names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from stack.errors import StackError
from throughline.flow import Kind, Topic, fixed_topics, partner_topics

_DAY_MS = 24 * 60 * 60 * 1000


def ensure_flow_topics(bootstrap: str, partners: Iterable[str]) -> list[str]:
    """Makes every topic of the map and the two of each partner, where missing; answers the names that were made."""
    wanted = fixed_topics()
    for partner in partners:
        wanted.update(partner_topics(partner))
    return ensure_topics(
        bootstrap, {name: (topic.partitions, configuration(topic)) for name, topic in wanted.items()}
    )


def ensure_topics(bootstrap: str, wanted: Mapping[str, tuple[int, Mapping[str, str]]]) -> list[str]:
    """Makes topics by name, each with (partitions, configuration), where missing; answers the names that were made."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        present = admin.list_topics(timeout=30).topics
        new = [
            NewTopic(name, num_partitions=partitions, replication_factor=1, config=dict(config))
            for name, (partitions, config) in wanted.items()
            if name not in present
        ]
        for future in (admin.create_topics(new) if new else {}).values():
            future.result(timeout=30)
    except KafkaException as error:
        raise StackError(f"Kafka at {bootstrap} did not make the topics: {error}.") from error
    return [topic.topic for topic in new]


def configuration(topic: Topic) -> dict[str, str]:
    """What the broker is told of a topic of the map."""
    config = {
        "cleanup.policy": "delete",
        "retention.ms": str(topic.retention_days * _DAY_MS),
        "max.message.bytes": str(topic.message_bytes_max),
        "compression.type": "producer",
    }
    if topic.kind is not Kind.EVENTS:
        # A partner's clock is not ours to believe, nor is that of whoever sends a signed command: it expires.
        config["message.timestamp.type"] = "LogAppendTime"
    return config
