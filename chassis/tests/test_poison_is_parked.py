"""A record that cannot be applied is set aside with its bytes; good ones before and behind it are applied.

Guards: decoding inside the try (arrival.decode), the raw parser (consumer._parse), parking in the slice's transaction.
"""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import pytest
from chain_services import Passed, hop
from world import World, envelope_of, header, until, until_true

from throughline.flow import PARKED
from throughline.message import Event


class Later(Event):
    """Is not on any topic of the tests."""

    key: str


GOOD = Passed(key="k", number=1)


def headers_of(sequence: int, key: str = "bad") -> list[tuple[str, bytes | None]]:
    return [*envelope_of(GOOD, uuid4(), key, sequence).headers()]


POISON = [
    ("null value", None, headers_of(2), "tombstone"),
    ("no bytes", b"", headers_of(2), "empty"),
    ("cut JSON", b'{"key": "k", "num', headers_of(2), "undecodable"),
    ("not UTF-8", b"\xff\xfe{}", headers_of(2), "undecodable"),
    ("contract broken", b'{"key": "k", "number": "1"}', headers_of(2), "breach"),
    ("no headers at all", b"{}", [], "headers"),
    ("binary id", b"{}", [("ce_id", b"\xff\x00"), ("ce_sequence", b"2")], "headers"),
]


@pytest.mark.parametrize(("case", "value", "headers", "reason"), POISON, ids=[case[0] for case in POISON])
async def test_poison_between_two_good_ones(
    world: World, case: str, value: bytes | None, headers: list[tuple[str, bytes | None]], reason: str
) -> None:
    await world.run(hop(0, world.topics))
    in_order = ("ce_sequence", b"2") in headers  # without a sequence it has no place in the order
    await world.say(1, "a", 1)
    offset = await world.send(value, headers, key=b"bad")
    await world.say(3 if in_order else 2, "b", 2)

    assert await world.until_applied(2) == [("a", 1), ("b", 2)]
    rows = await world.fetch('select "offset", value, reason, sequence from chassis.parked')
    assert [(row["offset"], row["value"], row["reason"]) for row in rows] == [(offset, value, reason)]
    assert (rows[0]["sequence"] is not None) == in_order
    parked_topic = PARKED.of(world.name("alpha"))

    async def told() -> bool:
        return len(await world.read(parked_topic)) == 1

    await until(told)
    said = await world.read(parked_topic)
    assert sha256(value or b"").hexdigest().encode() in said[0].value


async def test_binary_and_null_headers_lose_nothing(world: World) -> None:
    """FastStream's own parser loses the whole batch on one header that is not UTF-8."""
    await world.run(hop(0, world.topics))
    for sequence in (1, 2, 3):
        headers: list[tuple[str, bytes | None]] = [*envelope_of(GOOD, uuid4(), "k", sequence).headers()]
        headers += [("odd", b"\xff\xfe\x00"), ("none", None), ("odd", b"again")]
        await world.send(GOOD.model_dump_json().encode(), headers)
    assert len(await world.until_applied(3)) == 3


async def test_unknown_fields_pass(world: World) -> None:
    await world.run(hop(0, world.topics))
    await world.say(1, value=b'{"key": "k", "number": 7, "from_a_newer_release": true}')
    assert await world.until_applied(1) == [("k", 7)]


async def test_later_records_of_a_parked_key_wait_behind_it_and_others_do_not(world: World) -> None:
    await world.run(hop(0, world.topics))
    await world.say(1, "bad", value=b"{")
    await world.say(2, "good", 1)
    await world.say(3, "bad", 2)
    await world.say(4, "good", 2)
    assert await world.until_applied(2) == [("good", 1), ("good", 2)]
    rows = await world.fetch("select sequence, reason from chassis.parked order by sequence")
    assert [tuple(row) for row in rows] == [(1, "undecodable"), (3, "behind_parked")]


async def test_a_message_on_the_wrong_topic_is_parked(world: World) -> None:
    await world.run(hop(0, world.topics))
    stranger = Later(key="k")
    await world.send(stranger.model_dump_json().encode(), envelope_of(stranger, uuid4(), "k", 1).headers())
    await world.say(2, "other", 1)
    await world.until_applied(1)
    assert (await world.fetch("select reason from chassis.parked"))[0][0] == "wrong_topic"


async def test_an_unknown_version_of_ours_stops_the_partition_until_its_release_comes(world: World) -> None:
    """Guard: UnknownVersion in arrival.decode. Parking it would dead-letter what the next release understands."""
    running = await world.run(hop(0, world.topics))
    await world.say(1, "a", 1)
    envelope = envelope_of(GOOD, uuid4(), "k", 2)
    newer = [
        (name, value if name != "ce_dataschema" else value[:-1] + b"9") for name, value in envelope.headers()
    ]
    await world.send(GOOD.model_dump_json().encode(), newer)
    await world.say(3, "b", 2)

    await until_true(lambda: "partition_stopped" in running.alarms.names())
    assert await world.applied() == [("a", 1)]
    assert await world.fetch("select * from chassis.parked") == []


async def test_what_is_said_carries_cause_correlation_and_sequence(world: World) -> None:
    await world.run(hop(0, world.topics))
    cause = await world.say(1, "k", 1)
    await world.until_applied(1)

    async def said() -> bool:
        return len(await world.read(world.said)) == 1

    await until(said)
    record = (await world.read(world.said))[0]
    assert header(record, "ce_causationid") == str(cause)
    assert header(record, "ce_correlationid") == "k"
    assert header(record, "ce_sequence") == "1"
    assert header(record, "ce_source") == world.name("alpha")
