"""Refuse to start against a broker that disagrees with the map."""

from __future__ import annotations

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from chassis.topic_ids import read_topics
from chassis.topics import TopicMap


class BrokerDisagrees(RuntimeError):
    """A topic is missing, has another number of partitions, or lets senders say its records' times. The sentence names
    it."""


async def check_broker(connection: dict[str, Any], topics: TopicMap, needed: list[str]) -> None:
    """Every topic that the service hears or says by name must exist with the partitions of the map.

    A wrong count would put a key's events on other partitions than its earlier ones.
    """
    found = await read_topics(connection, needed)
    for name in needed:
        wanted = topics.named(name)
        assert wanted is not None, name
        if name not in found:
            raise BrokerDisagrees(f"The broker has no topic {name}. Make the topics of the map first.")
        if found[name][1] != wanted.partitions:
            raise BrokerDisagrees(
                f"{name} has {found[name][1]} partitions on the broker and {wanted.partitions} in the map."
            )


async def check_record_times(connection: dict[str, Any], topics: list[str]) -> None:
    """On topics of signed commands the broker gives each record its time: a signature's expiry is judged by it."""
    if not topics:
        return
    admin = AIOKafkaAdminClient(**connection, client_id="chassis-check")
    await admin.start()
    try:
        wanted = [
            ConfigResource(ConfigResourceType.TOPIC, name, {_TIME_TYPE: None}) for name in sorted(topics)
        ]
        answers = await admin.describe_configs(wanted)
    finally:
        await admin.close()
    for answer in answers:
        for _, _, _, name, entries in answer.resources:
            found = {entry[0]: entry[1] for entry in entries}.get(_TIME_TYPE)
            if found != "LogAppendTime":
                raise BrokerDisagrees(
                    f"{name} has {_TIME_TYPE}={found} on the broker. Signed commands expire by the broker's time: "
                    "set it to LogAppendTime."
                )


_TIME_TYPE = "message.timestamp.type"
