"""FastStream's side of hearing: the broker, one batch subscriber per group, and a parser that touches no byte.

Everything here that leans on FastStream's manner is held by a contract test (chassis/tests).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from chassis.connection import security_of
from chassis.reading import read_apart
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from chassis.consumer import Listener


def broker_for(settings: ServiceSettings) -> KafkaBroker:
    """FastStream's broker, consumers only: what is said goes by the outbox's own producer."""
    return KafkaBroker(
        settings.bootstrap_servers,
        consumer_only=True,
        allow_auto_create_topics=False,
        metadata_max_age_ms=int(settings.metadata_max_age_s * 1000),
        client_id=settings.instance_id,
        apply_types=False,
        logger=None,
        graceful_timeout=settings.graceful_stop_s,
        security=security_of(settings),
    )


def subscribe(
    broker: KafkaBroker, listener: Listener, group: str, topics: Sequence[str], pattern: str | None
) -> None:
    """One batch subscriber with manual acknowledgement and a parser that touches no byte."""
    settings = listener.settings
    subscriber = broker.subscriber(
        *topics,
        pattern=pattern,
        batch=True,
        group_id=group,
        group_instance_id=f"{settings.instance_id}.{group}" if settings.static_membership else None,
        ack_policy=AckPolicy.MANUAL,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
        session_timeout_ms=int(settings.session_timeout_s * 1000),
        heartbeat_interval_ms=int(settings.heartbeat_interval_s * 1000),
        rebalance_timeout_ms=int(settings.session_timeout_s * 1000),
        max_poll_interval_ms=300_000,
        max_partition_fetch_bytes=4_000_000,
        fetch_max_wait_ms=250,
        fetch_min_bytes=settings.fetch_bytes_min,
        batch_timeout_ms=max(1, int(settings.poll_timeout_s * 1000)),
        max_records=settings.fetch_records_max,
        listener=listener,
        parser=_parse,
        decoder=_records,
    )
    subscriber(listener.read)
    listener.subscriber = subscriber
    read_apart(listener, subscriber)
    heard = subscriber.pattern
    if pattern is not None and (heard is None or heard.broker_address != pattern):
        raise ValueError(f"FastStream would change the pattern {pattern}: write it without braces and stars")


async def _parse(records: Sequence[Any]) -> KafkaMessage:
    # FastStream's own parser decodes headers as UTF-8 and loses the whole batch on one that is not.
    return KafkaMessage(body=b"", headers={}, raw_message=tuple(records), consumer=_NO_CONSUMER)


async def _records(message: KafkaMessage) -> Any:
    return message.raw_message


class _NoConsumer:
    """FastStream wants one on each message, to acknowledge with; nothing is acknowledged through it."""

    async def commit(self) -> None:
        raise AssertionError("offsets are committed by the listener only")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        raise AssertionError("only workers seek")


_NO_CONSUMER = _NoConsumer()


def joined_pattern(patterns: Sequence[str]) -> str:
    """One pattern to subscribe by. FastStream takes braces for path parameters, so a bounded repetition becomes an
    unbounded one; a topic that only the wider pattern matches is never read (on_partitions_assigned).
    """
    joined = patterns[0] if len(patterns) == 1 else "|".join(f"(?:{one})" for one in patterns)
    return re.sub(r"\{\d+,\d+\}", "+", joined)
