"""A commit that fails, or whose answer is lost, leaves each record applied once and said once.

Guards: the position moves in the same transaction; after any failure the row is read again; the pack is in the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from asyncpg.transaction import Transaction
from chain_services import hop
from world import World, dense_and_ordered, header, until


@contextmanager
def failing_commits(times: int, *, after: bool) -> Iterator[list[int]]:
    """The next commits of transactions that moved a position break the connection, before or after they happen."""
    real, left = Transaction.commit, [times]

    async def commit(self: Transaction) -> None:
        # Only transactions of slices: they are the ones that write to the test's table.
        moved = await self._connection.fetchval(
            "select count(*) from pg_locks where locktype = 'relation' and pid = pg_backend_pid() "
            "and mode = 'RowExclusiveLock' and relation = 'applied'::regclass"
        )
        if left[0] and moved:
            left[0] -= 1
            if after:
                await real(self)
            self._connection.terminate()
            raise ConnectionError("the answer is lost")
        await real(self)

    Transaction.commit = commit
    try:
        yield left
    finally:
        Transaction.commit = real


@pytest.mark.parametrize("after", [False, True], ids=["never happened", "happened, unanswered"])
async def test_a_failed_commit_loses_and_doubles_nothing(world: World, after: bool) -> None:
    await world.run(hop(0, world.topics))
    with failing_commits(2, after=after) as left:
        for number in range(1, 21):
            await world.say(number, "k", number)
        assert await world.until_applied(20) == [("k", number) for number in range(1, 21)]
        assert left[0] < 2, "no commit failed"

    async def said() -> bool:
        return len({header(record, "ce_id") for record in await world.read(world.said)}) == 20

    await until(said)
    assert dense_and_ordered(await world.read(world.said))
    assert len(await world.applied()) == 20
