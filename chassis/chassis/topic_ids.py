"""The broker's id of a topic. A topic deleted and made again under its name has another one.

aiokafka 0.14 speaks Metadata up to version 5; ids came with version 10, so that request is spelt out here.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NodeNotReadyError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

_NODE_WAIT_S = 10.0


class _Uuid:
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: Any) -> UUID:
        return UUID(bytes=data.read(16))

    @classmethod
    def repr(cls, value: UUID) -> str:
        return str(value)


_NAME = CompactString("utf-8")


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), ("tags", TaggedFields)
            ),
        ),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _NAME),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _NAME), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> _MetadataRequestStruct:
        asked: list[tuple[UUID, str, dict[int, bytes]]] = [(UUID(int=0), topic, {}) for topic in self._topics]
        return request_struct_class(asked, False, False, {})


async def read_topics(connection: dict[str, Any], topics: list[str]) -> dict[str, tuple[UUID, int]]:
    """Id and partition count of each topic that exists. Raises KafkaError where no broker answers."""
    client = AIOKafkaClient(**connection, client_id="chassis-topics")
    await client.bootstrap()
    try:
        response = await client.send(await _any_node(client), _MetadataRequest(topics))
    finally:
        await client.close()
    return {
        name: (topic_id, len(partitions))
        for error, name, topic_id, _, partitions, *_ in response.topics
        if error == 0
    }


async def _any_node(client: AIOKafkaClient) -> int:
    """A broker just started, or fenced off for a moment, answers that the cluster has none: waits for one."""
    give_up = time.monotonic() + _NODE_WAIT_S
    while not (brokers := client.cluster.brokers()):
        if time.monotonic() > give_up:
            raise NodeNotReadyError(f"the cluster names no broker for {_NODE_WAIT_S:.0f} seconds")
        await asyncio.sleep(0.1)
        await client.force_metadata_update()
    return int(next(iter(brokers)).nodeId)
