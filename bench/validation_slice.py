"""What validation costs a request, apart from Kafka: whole slices from bytes to the commit, beside a real PostgreSQL.

`python -m bench.validation_slice`. CPU microseconds a request, of this process and of the server, which a busy machine
disturbs least; `--profile FILE` writes cProfile's figures of this process.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.duplicates_at_scale import context_of, database, submissions
from bench.measure import Spread, cpu_seconds
from chassis import Context, Say
from chassis.arrival import Arrival, decode, in_sequence
from chassis.order import Order
from chassis.positions import take_over
from chassis.slices import Door, transact
from chassis.testing import heard
from chassis.topics import TopicMap
from stack import LocalStack
from stack.ports import find_free_base
from throughline.flow import SUBMISSIONS
from validation.app import service

SLICE, SLICES, WARM = 500, 24, 6


@dataclass(slots=True)
class Record:
    """As aiokafka hands it over."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int = 1_763_305_200_000
    timestamp_type: int = 1


def records(first: int, count: int) -> list[Record]:
    """What intake says of the load of the whole line."""
    say, made = Say(TopicMap("intake")), []
    for offset, one in enumerate(submissions(first, count), first):
        say.hearing(heard(one, key=str(one.request_id)))
        say(one, key=str(one.request_id))
        said = say.said[-1]
        said.give(offset + 1)
        made.append(Record(SUBMISSIONS.name, 0, offset, said.key, said.value, tuple(said.headers)))
    return made


class Partition:
    """One partition of submissions, owned and worked off as the chassis does."""

    def __init__(self, context: Context, owned: Any) -> None:
        hearing: Any = service.hearing_of(SUBMISSIONS.name)
        self.door = Door(service.name, hearing, SUBMISSIONS, context)
        self.owned = owned
        self.order = Order(owned.position, sequenced=True)

    async def apply(self, found: Sequence[Record]) -> None:
        arrivals: list[Arrival] = [in_sequence(one) for one in found]
        plan = self.order.take(arrivals)
        for one in plan.ready:
            decode(one, SUBMISSIONS)
        parked = await transact(self.door, self.owned, plan.ready, plan.before, plan.whole, {})
        assert parked == 0 and len(plan.ready) == len(found)


async def measure(stack: LocalStack, dsn: str, profile: str | None) -> str:
    context = await context_of(dsn)
    async with context.pool.acquire() as db, db.transaction():
        partition = Partition(context, await take_over(db, SUBMISSIONS.name, 0, "bench"))
    server = {"PostgreSQL": [stack.running()["postgres"]]}
    ours: list[float] = []
    theirs: list[float] = []
    profiler = cProfile.Profile()
    for turn in range(WARM + SLICES):
        found = records(turn * SLICE, SLICE)
        gc.collect()
        gc.freeze()
        if profile and turn >= WARM:
            profiler.enable()
        begun, there = time.process_time(), cpu_seconds(server)["PostgreSQL"]
        await partition.apply(found)
        spent, there = time.process_time() - begun, cpu_seconds(server)["PostgreSQL"] - there
        profiler.disable()
        if turn >= WARM:
            ours.append(spent / SLICE * 1e6)
            theirs.append(there / SLICE * 1e6)
    approved = await context.pool.fetchval("select count(*) from versions where state = 'approved'")
    assert approved == (WARM + SLICES) * SLICE
    await context.pool.close()
    if profile:
        profiler.dump_stats(profile)
    mean = sum(theirs) / len(theirs)  # the system counts a process' time in hundredths of a second
    return (
        f"{SLICES} slices of {SLICE} requests of six lines, CPU us a request: "
        f"ours {Spread.of(ours).show()}, PostgreSQL {mean:,.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.validation_slice", description=__doc__)
    parser.add_argument("--profile")
    asked = parser.parse_args()
    gc.set_threshold(500_000, 50, 50)
    with (
        tempfile.TemporaryDirectory(dir=Path("var") if Path("var").is_dir() else None) as made,
        LocalStack(Path(made), find_free_base(), parts=("postgres",)) as stack,
    ):
        dsn = database(stack, "slices")
        sys.stdout.write(asyncio.run(measure(stack, dsn, asked.profile)) + "\n")


if __name__ == "__main__":
    main()
