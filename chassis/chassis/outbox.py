"""The outbox: what one transaction says is one packed row, stored with its effects, sent after the commit.

Numbers are given last: after all other work and row locks, one sorted upsert reserves the sequences of all records by
target partition. The order of the numbers is then the order of the commits for each key, and an abort gives them back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from chassis import metrics
from chassis.alarms import Alarms
from chassis.database import is_transient
from chassis.failures import NotSpeaking as NotSpeaking
from chassis.pack import UnknownPack, WireRecord, pack, unpack
from chassis.say import Said
from chassis.sender import Outgoing, Sender

logger = logging.getLogger("chassis.outbox")

# The order by is what fixes the lock order; a plain update ... from does not.
_RESERVE = """
insert into chassis.counters as c (topic, partition, last)
select topic, partition, n from unnest($1::text[], $2::int[], $3::bigint[]) as t (topic, partition, n)
order by topic, partition
on conflict (topic, partition) do update set last = c.last + excluded.last
returning topic, partition, last
"""
_STORE = "insert into chassis.outbox (name, body) select * from unnest($1::text[], $2::bytea[])"
_DELETE = """
delete from chassis.outbox where name in
  (select name from chassis.outbox where name = any($1::text[]) for update skip locked)
returning name
"""
# Claimed by touching the time, so that two replicas do not send the same pack at once.
_CLAIM = """
update chassis.outbox set touched_at = clock_timestamp() where name in
  (select name from chassis.outbox
   where touched_at < clock_timestamp() - $1::float8 * interval '1 second' and name <> all($2::text[])
   order by stored_at limit 50 for update skip locked)
returning name, body, stored_at
"""
_LEFT_OVER = "select name, body from chassis.outbox where name like $1 order by stored_at"
_OLDEST = "select extract(epoch from clock_timestamp() - min(stored_at))::float8 from chassis.outbox"


class Outbox:
    """Stores packs, hands them to the sender, deletes acknowledged ones, sweeps up left-over ones."""

    def __init__(
        self,
        sender: Sender | None,
        alarms: Alarms,
        *,
        pack_bytes_max: int = 4_000_000,
        sweep_age_s: float = 1.0,
    ) -> None:
        self._sender = sender
        self._alarms = alarms
        self._pack_bytes_max = pack_bytes_max
        self._sweep_age_s = sweep_age_s
        self._last_steps = asyncio.Lock()
        self.held_because: str | None = None
        self.oldest_s = 0.0

    def must_be_speaking(self) -> None:
        if self.held_because is not None:
            raise NotSpeaking(self.held_because)

    async def room(self) -> None:
        """Wait while too much is committed and unsent."""
        if self._sender is not None:
            await self._sender.room()

    @asynccontextmanager
    async def turn_to_speak(self, said: Sequence[Said]) -> AsyncIterator[None]:
        """Around ``store`` and the commit: the counters are locked in between, so this process' transactions take
        turns here, in memory, instead of waiting for each other's row locks.
        """
        if not said:
            yield
            return
        async with self._last_steps:
            yield

    async def store(self, db: asyncpg.Connection, said: Sequence[Said], name: str) -> list[Outgoing]:
        """The last statements of a transaction: reserve the sequences, build the packs, store them."""
        if not said:
            return []
        await self._number(db, said)
        packs = cut(said, name, self._pack_bytes_max)
        await db.execute(_STORE, [one.name for one in packs], [pack(one.records) for one in packs])
        return packs

    def committed(self, packs: Sequence[Outgoing]) -> None:
        """Right after the commit: to the sender, in memory."""
        if self._sender is not None:
            self._sender.submit(packs)

    async def _number(self, db: asyncpg.Connection, said: Sequence[Said]) -> None:
        counts = Counter((one.topic, one.partition) for one in said if one.sequenced)
        if not counts:
            return
        topics = [topic for topic, _ in counts]
        partitions = [partition for _, partition in counts]
        rows = await db.fetch(_RESERVE, topics, partitions, list(counts.values()))
        following = {(row[0], row[1]): row[2] - counts[row[0], row[1]] for row in rows}
        for one in said:
            if one.sequenced:
                at = (one.topic, one.partition)
                following[at] += 1
                one.give(following[at])

    async def send_left_overs(self, db: asyncpg.Connection, prefix: str) -> None:
        """Packs of a partition that its former owner committed and may not have sent."""
        for name, body in await db.fetch(_LEFT_OVER, prefix.replace("_", r"\_") + "%"):
            self._submit_stored(name, body)

    async def sweep(self, pool: asyncpg.Pool) -> None:
        """Send packs that nobody has sent: a lost answer to a commit, a process that died before its send."""
        if self._sender is None:
            return
        if self.held_because is None and self._sender.pending_bytes < self._sender.pending_bytes_max:
            for name, body, _ in await pool.fetch(_CLAIM, self._sweep_age_s, list(self._sender.held)):
                self._submit_stored(name, body)
        self.oldest_s = await pool.fetchval(_OLDEST) or 0.0
        metrics.OUTBOX_OLDEST.set(self.oldest_s)

    async def delete_acknowledged(self, pool: asyncpg.Pool) -> None:
        """Kafka has them. A row that another replica has just claimed is skipped and tried again."""
        if self._sender is None or not self._sender.acknowledged:
            return
        names, self._sender.acknowledged = self._sender.acknowledged, []
        try:
            deleted = {row[0] for row in await pool.fetch(_DELETE, names)}
            left = set() if len(deleted) == len(names) else await self._still_there(pool, names)
        except BaseException:
            self._sender.acknowledged.extend(names)
            raise
        self._sender.acknowledged.extend(left)
        self._sender.released([name for name in names if name not in left])

    async def _still_there(self, pool: asyncpg.Pool, names: list[str]) -> set[str]:
        rows = await pool.fetch("select name from chassis.outbox where name = any($1::text[])", names)
        return {row[0] for row in rows}

    async def keep(self, pool: asyncpg.Pool) -> None:
        """For ever: delete several times a second, sweep once. Failures wait for the next turn."""
        turn = 0
        while True:
            try:
                await self.delete_acknowledged(pool)
                if turn % 5 == 0:
                    await self.sweep(pool)
            except Exception as error:
                if not is_transient(error):
                    logger.exception("the outbox could not be kept")
            turn += 1
            await asyncio.sleep(0.2)

    def _submit_stored(self, name: str, body: bytes) -> None:
        assert self._sender is not None
        try:
            records = unpack(body)
        except UnknownPack:
            self._alarms.raise_("unknown_pack", pack=name)
            return
        self._sender.submit([Outgoing(name, records, len(body))])


def cut(said: Sequence[Said], name: str, bytes_max: int) -> list[Outgoing]:
    """Packs of at most ``bytes_max``, named after the first: ``name``, ``name+1``, ..."""
    packs: list[Outgoing] = []
    records: list[WireRecord] = []
    size = 0
    for one in said:
        record = wire_record(one)
        if records and size + record.size > bytes_max:
            packs.append(Outgoing(_part(name, len(packs)), records, size))
            records, size = [], 0
        records.append(record)
        size += record.size
    packs.append(Outgoing(_part(name, len(packs)), records, size))
    return packs


def wire_record(one: Said) -> WireRecord:
    return WireRecord(one.topic, one.partition, one.key, one.value, one.headers, one.header_names)


def _part(name: str, index: int) -> str:
    return f"{name}+{index}" if index else name


def name_of_slice(topic: str, partition: int, epoch: int, first_offset: int) -> str:
    """A slice is named by its first offset: one owner applies each offset once, so no two packs share a name."""
    return f"{prefix_of_slices(topic, partition)}{epoch}/{first_offset}"


def prefix_of_slices(topic: str, partition: int) -> str:
    return f"slice/{topic}/{partition}/"


def name_of_transaction() -> str:
    return f"transaction/{uuid4()}"
