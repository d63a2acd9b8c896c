"""Refuse to start against a broker that disagrees with the map."""

from __future__ import annotations

from typing import Any

from chassis.topic_ids import read_topics
from chassis.topics import TopicMap


class BrokerDisagrees(RuntimeError):
    """A topic is missing or has another number of partitions. The sentence names it."""


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
