"""The map as one service sees it: who may say what where, and which partition a key belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

from throughline.flow import ANSWERS, PARKED, TOPICS, Kind, Topic
from throughline.message import Message


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where one type of message goes: the topic's name and what its headers need, made once."""

    topic: str
    partitions: int
    sequenced: bool
    bytes_max: int
    type_name: str
    type_header: tuple[str, bytes]
    schema_header: tuple[str, bytes]


class TopicMap:
    """Look-ups in the flow, remembered. Tests and benches bring a map of their own."""

    def __init__(self, service: str, topics: Sequence[Topic] = TOPICS) -> None:
        self.service = service
        self.topics = tuple(topics)
        self._named: dict[str, Topic | None] = {}
        self._outlets: dict[tuple[str | None, type[Message]], Outlet] = {}

    def named(self, name: str) -> Topic | None:
        """The map's entry for a topic's name; None where the map does not have it."""
        if name not in self._named:
            self._named[name] = next((t for t in self.topics if re.fullmatch(t.pattern, name)), None)
        return self._named[name]

    def outlet(self, message: type[Message], topic: str | None = None) -> Outlet:
        """Where this service says that message. Raises LookupError where the map does not allow it."""
        at = (topic, message)
        if at not in self._outlets:
            self._outlets[at] = self._find(message, topic)
        return self._outlets[at]

    def _find(self, message: type[Message], name: str | None) -> Outlet:
        if name is not None:
            found = self.named(name)
            if found is None or message not in found.messages or not self._speaks(found):
                raise LookupError(f"{self.service} does not say {message.__name__} on {name}")
            return _outlet(name, found, message)
        candidates = [
            topic
            for topic in self.topics
            if message in topic.messages and self._speaks(topic) and topic is not ANSWERS
        ]
        if len(candidates) > 1:  # every service speaks there; what it decides it says on its own topics
            candidates = [topic for topic in candidates if topic is not PARKED]
        if len(candidates) != 1:
            raise LookupError(f"{self.service} says {message.__name__} on {len(candidates)} topics; name one")
        only = candidates[0]
        return _outlet(only.of(self.service) if only is PARKED else only.name, only, message)

    def _speaks(self, topic: Topic) -> bool:
        return self.service in topic.speaks or topic is PARKED

    def speaks(self) -> list[Topic]:
        """The topics, and families of topics, on which this service speaks with a sequence."""
        own = [topic for topic in self.topics if topic.kind is Kind.EVENTS and self.service in topic.speaks]
        if any(topic is PARKED for topic in self.topics):
            own.append(replace(PARKED, name=PARKED.of(self.service)))
        return own

    def spoken(self) -> dict[str, Topic]:
        """Topics of fixed name on which this service speaks with a sequence."""
        named = {
            topic.name: topic
            for topic in self.topics
            if not topic.is_family and topic.kind is Kind.EVENTS and self.service in topic.speaks
        }
        if any(topic is PARKED for topic in self.topics):
            named[PARKED.of(self.service)] = PARKED
        return named


def _outlet(name: str, topic: Topic, message: type[Message]) -> Outlet:
    return Outlet(
        name,
        topic.partitions,
        topic.kind is Kind.EVENTS,
        topic.message_bytes_max,
        message.type_name(),
        ("ce_type", message.type_name().encode()),
        ("ce_dataschema", message.dataschema().encode()),
    )


def partition_for(key: bytes, partitions: int) -> int:
    """CRC-32 of the key, as librdkafka's default for keyed records; aiokafka's murmur2 is pure Python and slow."""
    return crc32(key) % partitions
