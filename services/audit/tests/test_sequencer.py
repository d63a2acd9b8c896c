"""The sequencer on a real PostgreSQL: one tree whoever appends, and proofs from what is stored."""

from __future__ import annotations

import asyncio
import itertools
import random

import asyncpg
import pytest

from audit.keep_records import KeepRecords
from audit.merkle import (
    Subtree,
    check_consistency,
    consistency_spans,
    cover,
    inclusion_spans,
    root_from_inclusion,
    root_of,
    split_hashes,
)
from audit.repository import head_of_size, latest_head, span_root, subtree_root
from audit.sequencer import Step, append_waiting, seconds_unsealed
from chassis import RawRecord
from chassis.testing import raw


def records(topic: str, first: int, count: int, partition: int = 0) -> list[RawRecord]:
    return [raw(topic, b"%d" % at, partition=partition, offset=at) for at in range(first, first + count)]


async def keep(pool: asyncpg.Pool, heard: list[RawRecord]) -> None:
    async with pool.acquire() as db, db.transaction():
        await KeepRecords(heard).store(db)


async def append(pool: asyncpg.Pool, owner: str = "one", batches_max: int = 200) -> Step | None:
    async with pool.acquire() as db:
        return await append_waiting(db, owner, batches_max)


async def leaf_hashes(pool: asyncpg.Pool) -> list[bytes]:
    rows = await pool.fetch(
        "select leaf_hashes from batches where first_leaf is not null order by first_leaf"
    )
    return split_hashes(b"".join(row["leaf_hashes"] for row in rows))


async def test_what_was_kept_becomes_leaves_and_a_root(pool: asyncpg.Pool) -> None:
    await keep(pool, records("submissions", 0, 3))
    await keep(pool, records("decisions", 5, 2))
    assert await append(pool) == Step(5, 5, root_of(await leaf_hashes(pool)))
    assert [tuple(row) for row in await pool.fetch("select topic, first_leaf from batches order by id")] == [
        ("submissions", 0),
        ("decisions", 3),
    ]


async def test_nothing_waiting_writes_no_root(pool: asyncpg.Pool) -> None:
    assert await append(pool) == Step(0, 0, None)
    async with pool.acquire() as db:
        assert await latest_head(db) is None


async def test_each_root_extends_the_one_before(pool: asyncpg.Pool) -> None:
    roots: list[tuple[int, int, bytes]] = []
    for count in (1, 2, 300, 7):
        await keep(pool, records("submissions", sum(each[0] for each in roots), count))
        step = await append(pool)
        assert step is not None and step.root is not None
        roots.append((count, step.size, step.root))
    async with pool.acquire() as db:
        for (_, first, first_root), (_, second, second_root) in itertools.pairwise(roots):
            path = [await span_root(db, cover(span)) for span in consistency_spans(first, second)]
            check_consistency(first, second, first_root, second_root, path)
        head = await head_of_size(db, 303)
        assert head is not None
        assert head.root == roots[2][2]


async def test_an_offset_that_was_not_heard_starts_a_batch_of_its_own(pool: asyncpg.Pool) -> None:
    await keep(pool, [*records("submissions", 0, 2), *records("submissions", 3, 1), *records("items", 4, 1)])
    rows = await pool.fetch("select topic, first_offset, length from batches order by id")
    assert [tuple(row) for row in rows] == [("submissions", 0, 2), ("submissions", 3, 1), ("items", 4, 1)]


async def test_another_replica_waits_for_the_appender_and_takes_over_when_it_is_silent(
    pool: asyncpg.Pool,
) -> None:
    await keep(pool, records("submissions", 0, 1))
    await append(pool, "one")
    await keep(pool, records("submissions", 1, 1))
    assert await append(pool, "two") is None
    await pool.execute("update tree set seen_at = seen_at - interval '1 minute'")
    step = await append(pool, "two")
    assert step is not None
    assert step.size == 2
    assert await pool.fetchval("select array_agg(epoch order by size) from roots") == [1, 2]
    assert await append(pool, "one") is None


async def test_an_appender_stopped_in_the_middle_leaves_no_trace_and_no_fork(pool: asyncpg.Pool) -> None:
    await keep(pool, records("submissions", 0, 4))
    stopped = await pool.acquire()
    transaction = stopped.transaction()
    await transaction.start()
    await append_waiting(stopped, "stopped")
    assert await append(pool, "other") is None
    await transaction.rollback()
    await pool.release(stopped)
    step = await append(pool, "other")
    assert step is not None
    assert step.size == 4
    assert await pool.fetchval("select count(*) from roots") == 1


async def test_replicas_that_append_at_once_make_one_tree(pool: asyncpg.Pool) -> None:
    shuffled = random.Random(7)

    async def speaker(partition: int) -> None:
        offset = 0
        while offset < 200:
            count = shuffled.randint(1, 40)
            await keep(pool, records("submissions", offset, count, partition))
            offset += count

    async def appender(name: str) -> None:
        while not done.is_set():
            await pool.execute("update tree set seen_at = '-infinity'")
            await append(pool, name, batches_max=3)

    done = asyncio.Event()
    appenders = [asyncio.create_task(appender(name)) for name in ("one", "two")]
    await asyncio.gather(*(speaker(partition) for partition in range(3)))
    done.set()
    await asyncio.gather(*appenders)
    await pool.execute("update tree set seen_at = '-infinity'")
    while (step := await append(pool, "one")) is not None and step.leaves:
        pass
    hashes = await leaf_hashes(pool)
    for size, root in await pool.fetch("select size, root from roots order by size"):
        assert root == root_of(hashes[:size])
    assert await pool.fetchval("select sum(length) from batches") == len(hashes)
    assert await pool.fetchval("select size from tree") == len(hashes)


async def test_proofs_are_made_from_stored_hashes_of_a_large_tree(pool: asyncpg.Pool) -> None:
    for first in range(0, 70_000, 1000):
        await keep(pool, records("submissions", first, 1000))
    await append(pool, batches_max=33)
    step = await append(pool)
    assert step is not None and step.root is not None
    hashes = await leaf_hashes(pool)
    async with pool.acquire() as db:
        assert await subtree_root(db, Subtree(16, 0)) == root_of(hashes[:65_536])
        for index in (0, 255, 256, 999, 1000, 33_000, 65_535, 65_536, 69_999):
            path = [await span_root(db, cover(span)) for span in inclusion_spans(index, step.size)]
            assert root_from_inclusion(hashes[index], index, step.size, path) == step.root


async def test_a_missing_stored_hash_makes_no_proof(pool: asyncpg.Pool) -> None:
    await keep(pool, records("submissions", 0, 600))
    await append(pool)
    await pool.execute("delete from subtrees where position = 1")
    async with pool.acquire() as db:
        with pytest.raises(LookupError):
            await subtree_root(db, Subtree(9, 0))


async def test_how_long_a_batch_has_waited_is_known(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as db:
        assert await seconds_unsealed(db) == 0
        await keep(pool, records("submissions", 0, 1))
        await db.execute("update batches set heard_at = heard_at - interval '90 seconds'")
        assert 90 <= await seconds_unsealed(db) < 120
        await append(pool)
        assert await seconds_unsealed(db) == 0
