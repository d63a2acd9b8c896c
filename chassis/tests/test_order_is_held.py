"""The receiver applies exactly the next sequence: out of order, repeated, with gaps, beyond its memory.

Guards: order.Order and the fenced position. Taking records as they come fails each of these.
"""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

import pytest
from chain_services import hop
from hypothesis import given
from hypothesis import strategies as st
from world import World, until_true

from chassis.arrival import Arrival, record_hash
from chassis.order import Contradiction, Hole, LogChanged, Order, Position

NAMES = UUID(int=5)


def arrival(offset: int, sequence: int | None, identity: int | None = None) -> Arrival:
    record: Any = SimpleNamespace(offset=offset, timestamp=0, key=b"k", value=b"%d" % offset)
    named = uuid5(NAMES, str(sequence if identity is None else identity))
    return Arrival(record, sequence, str(named).encode())


@given(st.lists(st.integers(1, 30), max_size=80), st.integers(1, 10), st.integers(0, 2**32))
def test_any_permutation_with_duplicates_is_applied_in_order_across_restarts(
    noise: list[int], kept: int, seed: int
) -> None:
    """Memory for ``kept`` records only; the process forgets everything at random moments and reads from ``next``."""
    choice = random.Random(seed)
    sequences = [*range(1, 31), *noise]
    choice.shuffle(sequences)
    log = [arrival(offset, sequence) for offset, sequence in enumerate(sequences)]
    applied: list[int | None] = []
    position, at = Position(0), 0
    order = Order(position, sequenced=True, held_records_max=kept)
    for _ in range(10_000):
        if at >= len(log) and not order.must_read_again and position.next >= len(log):
            break
        plan = order.take(log[at : at + 7])
        at += 7
        cut = choice.randint(0, len(plan.ready))
        applied += [one.sequence for one in plan.ready[:cut]]
        position = plan.after(cut)
        if cut < len(plan.ready) or order.must_read_again or choice.random() < 0.1 or at >= len(log):
            at = position.next
            order = Order(position, sequenced=True, held_records_max=kept)
    assert applied == list(range(1, 31))
    assert position.next == len(log)


def test_the_last_sequence_with_another_id_is_a_contradiction() -> None:
    order = Order(Position(0), sequenced=True)
    order.take([arrival(0, 1)])
    with pytest.raises(Contradiction):
        order.take([arrival(1, 1, identity=99)])


def test_a_record_before_the_position_that_is_not_the_one_applied_is_noticed() -> None:
    last = arrival(4, 3)
    order = Order(Position(5, 3, uuid5(NAMES, "3"), record_hash(last.record)), sequenced=True)
    order.take([last])
    with pytest.raises(LogChanged):
        order.take([Arrival(_other(4), 3, last.id)])


def _other(offset: int) -> Any:
    return SimpleNamespace(offset=offset, timestamp=0, key=b"k", value=b"something else")


def test_offsets_must_be_dense_where_there_is_no_sequence() -> None:
    order = Order(Position(0), sequenced=False)
    order.take([arrival(0, None)])
    with pytest.raises(Hole):
        order.take([arrival(2, None)])


def test_a_stray_record_without_sequence_does_not_disturb_the_order() -> None:
    order = Order(Position(0), sequenced=True)
    plan = order.take([arrival(0, 1), arrival(1, None), arrival(2, 2)])
    assert [one.sequence for one in plan.ready] == [1, None, 2]
    assert plan.whole.applied == 2


async def test_out_of_order_and_repeated_on_the_broker(world: World) -> None:
    await world.run(hop(0, world.topics))
    ids: dict[int, UUID] = {}
    for sequence in (3, 1, 5, 1, 2, 2, 4, 3, 6, 5):
        ids[sequence] = await world.say(sequence, "k", sequence, id=ids.get(sequence))
    assert await world.until_applied(6) == [("k", number) for number in range(1, 7)]


async def test_a_gap_larger_than_memory_is_read_again(world: World) -> None:
    await world.run(hop(0, world.topics), held_records_max=5)
    for sequence in range(2, 41):
        await world.say(sequence, "k", sequence)
    await world.say(1, "k", 1)
    assert await world.until_applied(40) == [("k", number) for number in range(1, 41)]


async def test_the_last_sequence_under_another_id_holds_the_partition(world: World) -> None:
    running = await world.run(hop(0, world.topics))
    await world.say(1, "k", 1)
    await world.until_applied(1)
    await world.say(1, "k", 2)
    await world.say(2, "k", 3)
    await until_true(lambda: "partition_stopped" in running.alarms.names())
    assert await world.applied() == [("k", 1)]
