"""Broker and database server do what is promised of them, and can be broken one at a time."""

from __future__ import annotations

import uuid

import asyncpg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from stack.errors import StackError
from stack.infrastructure import Infrastructure
from stack.postgres import PROMISED
from stack.pytest_plugin import Databases, MakeTopic
from stack.settings import read_settings
from stack.topics import ensure_flow_topics
from throughline.flow import fixed_topics


def produce(bootstrap: str, topic: str, value: bytes, patience_ms: int = 15_000) -> str | None:
    """Answers the error's name, or None where the broker has it."""
    outcome: list[str | None] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "message.timeout.ms": patience_ms})
    producer.produce(
        topic, value, on_delivery=lambda error, _: outcome.append(error.name() if error else None)
    )
    producer.flush(20)
    return outcome[0]


def first_value(bootstrap: str, topic: str) -> bytes | None:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        message = consumer.poll(20)
        return message.value() if message is not None else None
    finally:
        consumer.close()


def test_the_broker_makes_no_topic_by_itself(kafka: str) -> None:
    misspelt = f"misspelt-{uuid.uuid4().hex}"
    assert produce(kafka, misspelt, b"x", patience_ms=2_000) is not None
    assert misspelt not in AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=20).topics


def test_the_topics_of_the_map_are_made_once_with_its_partitions(kafka: str) -> None:
    ensure_flow_topics(kafka, ["portal", "alpha"])
    assert ensure_flow_topics(kafka, ["portal", "alpha"]) == []
    present = AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=20).topics
    for name, topic in fixed_topics().items():
        assert len(present[name].partitions) == topic.partitions, name
    assert {"intake.alpha", "answers.alpha", "intake.portal", "answers.portal"} <= set(present)


def test_a_killed_broker_comes_back_with_what_it_acknowledged(
    infrastructure: Infrastructure, make_topic: MakeTopic
) -> None:
    topic = make_topic("kept")
    assert produce(infrastructure.kafka_bootstrap, topic, b"acknowledged") is None
    infrastructure.kill("kafka")
    assert "kafka" not in infrastructure.running()
    infrastructure.start_part("kafka")
    assert first_value(infrastructure.kafka_bootstrap, topic) == b"acknowledged"


def test_a_killed_database_server_comes_back_with_what_it_committed(
    infrastructure: Infrastructure, postgres: Databases
) -> None:
    database = postgres.make_database("kept").rsplit("/", 1)[1]
    postgres.execute("create table kept as select 7 as value", database)
    infrastructure.kill("postgres")
    infrastructure.start_part("postgres")
    assert postgres.execute("select value from kept", database) == "7"


def test_the_database_server_runs_with_the_promised_settings(postgres: Databases) -> None:
    database = postgres.make_database("settings").rsplit("/", 1)[1]
    for name, value in {**PROMISED, "data_checksums": "on", "server_encoding": "UTF8"}.items():
        assert postgres.execute(f"show {name}", database) == value, name
    assert int(postgres.execute("show server_version_num")) >= 180_000


async def test_a_role_enters_its_own_database_only(infrastructure: Infrastructure) -> None:
    server, run = infrastructure.postgres, uuid.uuid4().hex[:8]
    payout, audit = f"payout_{run}", f"audit_{run}"
    for role in (payout, audit):
        server.ensure_database(role, f"secret of {role}")
    own = await asyncpg.connect(server.dsn(payout, payout, f"secret of {payout}"))
    assert await own.fetchval("select current_user") == payout
    await own.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(server.dsn(audit, payout, f"secret of {payout}"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.dsn(payout, payout, "guessed"))
    for role in (payout, audit):
        server.execute(f'drop database "{role}" with (force)')
        server.execute(f'drop role "{role}"')


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("STACK_PORT_BASE", "many", "is no port to count from"),
        ("STACK_PORT_BASE", "70000", "is no port to count from"),
        ("STACK", "podman", "is no kind of stack"),
    ],
)
def test_a_setting_that_means_nothing_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StackError, match=sentence):
        read_settings()
