"""A parked record is redriven through the same door, then those behind it, in order; a failing one stays at the head.

Guards: who may repair, the position row's lock, the refusal while a lower record of the key is parked,
one transaction each.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from chain_services import Passed, StateWork, hop, pass_on, with_repairs
from world import World, dense_and_ordered, envelope_of, header, until

from chassis import Heard, NoWork, RawRecord, Say, Service, hear_raw
from chassis.metrics import SECURITY_EVENTS
from chassis.testing_people import OPERATIONS, Actor, an, know
from throughline.answers import Coordinates
from throughline.flow import PARKED, REPAIRS
from throughline.message import Message
from throughline.reasons import Reason
from throughline.repairs import DiscardRecord, RedriveRecord, RedriveRecords
from throughline.signed import SECOND_SIGNATURE, SIGNATURE

broken: set[int] = set()

ANN, BOB, REVIEWER, STRANGER = an("operator"), an("operator"), an("reviewer"), an("operator")
PEOPLE = (ANN, BOB, REVIEWER)


def mendable(heard: Heard[Passed], work: StateWork, say: Say) -> None:
    if heard.message.number in broken:
        raise RuntimeError("not mended yet")
    pass_on(heard, work, say)


@pytest.fixture
async def alpha(world: World) -> World:
    broken.clear()
    broken.add(2)
    world.begin_repairs_anew()
    topics = with_repairs(world.topics, world.prefix, world.name("alpha"))
    for number in (1, 2, 3, 4):
        await world.say(number, "k", number)
    await world.say(5, "other", 5)
    await know_people(world)
    await world.run(hop(0, topics, decide=mendable))
    assert await world.until_applied(2) == [("k", 1), ("other", 5)]
    return world


async def know_people(world: World) -> None:
    db = await asyncpg.connect(await world.database("alpha"))
    try:
        await know(db, OPERATIONS, *PEOPLE)
    finally:
        await db.close()


async def command(world: World, message: Message, *by: Actor) -> None:
    """On the topic, signed by these; by whom it names, where it says nothing else."""
    named = [getattr(message, name, None) for name in ("actor", "second_actor")]
    signers = by or tuple(one for one in PEOPLE if one.name in named)
    envelope = envelope_of(message, uuid4(), "c", None)
    value = message.model_dump_json().encode()
    said: dict[str, Any] = {
        "message": envelope.type, "id": envelope.id, "topic": REPAIRS.name, "at": datetime.now(UTC)
    }  # fmt: skip
    headers = list(envelope.headers())
    for name, one in zip((SIGNATURE, SECOND_SIGNATURE), signers, strict=False):
        headers.append((name, one.sign(value, **said)))
    await world.send(value, headers, key=b"c", topic=REPAIRS.name)


def _security_events(reason: str) -> float:
    return float(SECURITY_EVENTS.labels(reason=reason)._value.get())


def redrive(world: World, offset: int) -> RedriveRecord:
    at = Coordinates(topic=world.heard, partition=0, offset=offset)
    return RedriveRecord(service=world.name("alpha"), coordinates=at, actor=ANN.name)


async def answers(world: World, count: int) -> dict[str, int]:
    """What the service said of its parked records, once there are so many: by name, refusals by reason."""
    records: list[Any] = []

    async def enough() -> bool:
        records[:] = await world.read(PARKED.of(world.name("alpha")))
        return len(records) >= count

    await until(enough, 60.0)
    names = [(header(one, "ce_type") or "").removeprefix("throughline.") for one in records]
    return dict(
        Counter(
            json.loads(one.value)["reason"] if name == "CommandRefused" else name
            for one, name in zip(records, names, strict=True)
        )
    )


async def parked(world: World) -> list[tuple[int, str, bool]]:
    rows = await world.fetch(
        "select sequence, reason, released_at is not null from chassis.parked order by sequence"
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def test_a_redriven_record_takes_those_behind_it_along(alpha: World) -> None:
    broken.clear()
    await command(alpha, redrive(alpha, 1))
    applied = await alpha.until_applied(5)
    assert applied == [("k", 1), ("other", 5), ("k", 2), ("k", 3), ("k", 4)]
    await alpha.say(6, "k", 6)
    assert (await alpha.until_applied(6))[-1] == ("k", 6)
    assert await parked(alpha) == []
    assert (await alpha.fetch("select parked from chassis.positions where topic = $1", alpha.heard))[0][
        0
    ] == 0

    async def all_said() -> bool:
        return len(await alpha.read(alpha.said)) == 6

    await until(all_said)
    assert dense_and_ordered(await alpha.read(alpha.said))
    assert await answers(alpha, 6) == {"RecordParked": 3, "RecordRedriven": 3}


async def test_a_record_that_fails_again_stays_at_the_head(alpha: World) -> None:
    await command(alpha, redrive(alpha, 1))

    async def tried() -> bool:
        return await parked(alpha) == [
            (2, "decision_failed", False),
            (3, "behind_parked", False),
            (4, "behind_parked", False),
        ] and bool(await alpha.fetch("select from chassis.parked where error = 'RuntimeError'"))

    await until(tried)
    assert len(await alpha.applied()) == 2
    assert await answers(alpha, 4) == {"RecordParked": 4}, "each try is answered"


async def test_one_behind_that_fails_becomes_the_head(alpha: World) -> None:
    broken.clear()
    broken.add(3)
    await command(alpha, redrive(alpha, 1))
    await alpha.until_applied(3)

    async def settled() -> bool:
        return await parked(alpha) == [(3, "decision_failed", False), (4, "behind_parked", False)]

    await until(settled)


async def test_what_stands_behind_is_not_redriven_first(alpha: World) -> None:
    broken.clear()
    await command(alpha, redrive(alpha, 2))
    await command(alpha, redrive(alpha, 1))
    assert [pair for pair in await alpha.until_applied(5) if pair[0] == "k"] == [
        ("k", n) for n in (1, 2, 3, 4)
    ]
    assert await answers(alpha, 7) == {"RecordParked": 3, "RecordRedriven": 3, "behind_parked": 1}


async def test_discarding_needs_two_people(alpha: World) -> None:
    at = Coordinates(topic=alpha.heard, partition=0, offset=1)
    one = DiscardRecord(
        service=alpha.name("alpha"), coordinates=at, actor=ANN.name, second_actor=BOB.name, note="agreed"
    )
    await command(alpha, one, ANN)
    await command(alpha, one, ANN, ANN)
    await command(alpha, one.model_copy(update={"second_actor": ANN.name}), ANN, BOB)
    await command(alpha, one)
    assert [pair for pair in await alpha.until_applied(4) if pair[0] == "k"] == [("k", n) for n in (1, 3, 4)]
    rows = await alpha.fetch("select actor, second_actor, value from chassis.discarded")
    assert [(row[0], row[1]) for row in rows] == [(ANN.name, BOB.name)] and b'"number":2' in rows[0][2]
    await command(alpha, one)
    assert await answers(alpha, 10) == {
        "RecordParked": 3,
        "RecordRedriven": 2,
        "RecordDiscarded": 1,
        "second_person_missing": 1,
        "same_person": 1,
        "actor_differs": 1,
        "unknown_subject": 1,
    }


async def test_more_than_a_hundred_need_a_second_person(world: World) -> None:
    """One command or many: within an hour one person alone gets a hundred through."""
    name = world.name("alpha")
    await know_people(world)
    running = await world.run(
        hop(0, with_repairs(world.topics, world.prefix, name)), failing_share_max=1.0, outbox_sweep_age_s=5.0
    )
    for number in range(1, 121):
        await world.say(number, f"k{number}", number, value=b"{")
    assert await answers(world, 120) == {"RecordParked": 120}
    many = RedriveRecords(service=name, reason=Reason.UNDECODABLE, count_max=500, actor=ANN.name)
    await command(world, many)
    assert (await answers(world, 121))["second_person_missing"] == 1
    await command(world, many.model_copy(update={"second_actor": ANN.name}), ANN, ANN)
    assert (await answers(world, 122))["same_person"] == 1
    assert not await world.fetch("select from chassis.parked where released_at is not null")

    await command(world, many.model_copy(update={"count_max": 100}))
    assert (await answers(world, 222))["RecordParked"] == 220
    await command(world, redrive(world, 0))
    assert (await answers(world, 223))["second_person_missing"] == 2
    await command(world, many.model_copy(update={"second_actor": BOB.name}))
    assert (await answers(world, 343))["RecordParked"] == 340
    assert "record_parked" not in running.alarms.names()


async def test_only_an_operator_may_repair(alpha: World) -> None:
    """Each refusal is answered, is one security event, and does nothing; what is for another service is its affair."""
    broken.clear()
    asked = redrive(alpha, 1)
    reasons = ("unsigned", "role_missing", "key_unknown", "actor_differs")
    before = {one: _security_events(one) for one in reasons}
    at = Coordinates(topic=alpha.heard, partition=0, offset=1)
    many = RedriveRecords(service=alpha.name("alpha"), count_max=1, actor=ANN.name)
    given_up = DiscardRecord(
        service=alpha.name("alpha"), coordinates=at, actor=ANN.name, second_actor=BOB.name, note="agreed"
    )
    for message in (asked, many, given_up.model_copy(update={"second_actor": "nobody too"})):
        await command(alpha, message.model_copy(update={"actor": "nobody"}))
    await command(alpha, asked.model_copy(update={"actor": REVIEWER.name}))
    await command(alpha, asked, STRANGER)
    await command(alpha, asked, BOB)
    await command(alpha, asked.model_copy(update={"actor": "nobody", "service": "another"}))
    told = {"RecordParked": 3, "unsigned": 3, "role_missing": 1, "key_unknown": 1, "actor_differs": 1}
    assert await answers(alpha, 9) == told
    assert {one: _security_events(one) - before[one] for one in reasons} == {
        one: told[one] for one in reasons
    }
    assert [released for _, _, released in await parked(alpha)] == [False] * 3
    assert await alpha.fetch("select from chassis.discarded") == []
    await command(alpha, asked)
    assert len(await alpha.until_applied(5)) == 5


async def test_a_service_that_keeps_repairs_as_bytes_hears_its_own_all_the_same(world: World) -> None:
    """As audit does: the command is kept as any record, judged, and done."""
    broken.clear()
    broken.add(2)
    kept: list[int] = []

    def keep(record: RawRecord, work: NoWork, say: Say) -> None:
        if record.topic == world.heard and json.loads(record.value or b"")["number"] in broken:
            raise RuntimeError("not mended yet")
        if record.topic == world.heard:
            kept.append(record.offset)

    name = world.name("alpha")
    topics = with_repairs(world.topics, world.prefix, name)
    await know_people(world)
    await world.run(Service(name, hears=[hear_raw(world.heard, REPAIRS.name, on=keep)], topics=topics))
    for number in (1, 2, 3):
        await world.say(number, "k", number)
    assert await answers(world, 1) == {"RecordParked": 1}
    broken.clear()
    await command(world, redrive(world, 1), STRANGER)
    assert await answers(world, 2) == {"RecordParked": 1, "key_unknown": 1}
    await command(world, redrive(world, 1))
    assert await answers(world, 3) == {"RecordParked": 1, "key_unknown": 1, "RecordRedriven": 1}
    assert kept[-1] == 1
