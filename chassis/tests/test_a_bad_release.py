"""A release that fails on a third of the records stops the line and parks none.

Guard: FailureWindow, counted before anything is parked. Without it a day of payments is dead-lettered.
"""

from __future__ import annotations

import pytest
from chain_services import Passed, StateWork, hop, pass_on
from world import World, until_true

from chassis import Heard, Say
from chassis.failures import BadDeploy, FailureWindow


def fails_on_a_third(heard: Heard[Passed], work: StateWork, say: Say) -> None:
    if heard.message.number % 3 == 0:
        raise KeyError("a field that the new release expects")
    pass_on(heard, work, say)


def fails_on_seven(heard: Heard[Passed], work: StateWork, say: Say) -> None:
    if heard.message.number == 7:
        raise KeyError("odd one")
    pass_on(heard, work, say)


async def test_a_release_that_fails_on_a_third_stops_and_parks_none(world: World) -> None:
    for number in range(1, 151):
        await world.say(number, f"k{number}", number)
    bad = await world.run(hop(0, world.topics, decide=fails_on_a_third))
    await until_true(lambda: any(name == "partition_stopped" for name in bad.alarms.names()))
    assert await world.fetch("select * from chassis.parked") == []

    await bad.__aexit__(None, None, None)
    await world.run(hop(0, world.topics))
    assert await world.until_applied(150) == [(f"k{number}", number) for number in range(1, 151)]


async def test_one_bad_record_among_many_is_parked_after_three_tries(world: World) -> None:
    tries: list[int] = []

    def counting(heard: Heard[Passed], work: StateWork, say: Say) -> None:
        if heard.message.number == 7:
            tries.append(7)
        fails_on_seven(heard, work, say)

    for number in range(1, 31):
        await world.say(number, f"k{number}", number)
    running = await world.run(hop(0, world.topics, decide=counting))
    assert len(await world.until_applied(29)) == 29
    rows = await world.fetch("select sequence, reason, error from chassis.parked")
    assert [(row["sequence"], row["reason"]) for row in rows] == [(7, "decision_failed")]
    assert rows[0]["error"].startswith("KeyError") and "odd one" not in rows[0]["error"]
    assert len(tries) >= 3 and "record_parked" in running.alarms.names()


async def test_what_the_database_refuses_is_found_by_halving(world: World) -> None:
    import asyncpg

    db = await asyncpg.connect(await world.database("alpha"))
    await db.execute("alter table applied add check (number <> 13)")
    await db.close()
    for number in range(1, 31):
        await world.say(number, f"k{number}", number)
    await world.run(hop(0, world.topics))
    assert [number for _, number in await world.until_applied(29)] == [n for n in range(1, 31) if n != 13]
    rows = await world.fetch("select sequence, reason from chassis.parked")
    assert [tuple(row) for row in rows] == [(13, "refused_by_database")]


def test_the_window_counts_a_record_once_and_needs_many_keys() -> None:
    window = FailureWindow(0.05, 20)
    window.passed(1_000)
    for _ in range(5):
        window.failed(dict.fromkeys(range(100), b"one key"))
    with pytest.raises(BadDeploy):
        window.failed({1_000 + offset: b"k%d" % offset for offset in range(20)})


def test_a_few_failures_over_many_keys_are_no_bad_release() -> None:
    window = FailureWindow(0.05, 20)
    window.passed(1_000)
    window.failed({offset: b"k%d" % offset for offset in range(45)})
