"""What history costs: slices of validation on an empty database and beside millions of rows of others' bills.

`python -m bench.duplicates_at_scale --rows 10000000`. The rows are made by the server itself: versions, bill keys and
near keys, one of each for each row, keyed at random as hashes are. Then both databases decide the same new requests in
turn: measured right behind a checkpoint, when each page that is touched is written to the log whole, and again once a
minute's worth of requests has touched most pages that it will until the next checkpoint.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from bench.line import load
from bench.measure import Spread, cpu_seconds, machine
from chassis import Context, Say, testing
from chassis.decide import load_decide_store
from stack import LocalStack
from stack.ports import find_free_base
from throughline.identifiers import claim_number_for, payee_id_for
from throughline.requests import SubmitRequest
from throughline.submissions import SubmissionReceived
from validation.app import build_resources, service
from validation.settings import ValidationSettings

SLICE, SLICES, WARM, SETTLE = 300, 60, 10, 400
"""Requests of a slice; slices measured, not measured before them, and between the two measurements."""

# Approved and paid, as they stay here. Of 20,000 payees; the 200 that bill anew are among them, with 500 requests each.
_VERSIONS = """
insert into versions (request_id, version, state, payer, received_on, charge_cents, paid_cents, decided_at, body,
                      reference_revision, payee_id, rendering_npi)
select gen_random_uuid(), 1, 'approved', 'OTHERS', date '2026-06-01', 54015, 42000, timestamptz '2026-06-01', '{}', 0,
       case when n % 100 = 0 then ($2::uuid[])[1 + n / 100 % cardinality($2)] else md5((n % 19800)::text)::uuid end,
       case when n % 2 = 0 then 1000000000 + n % 40000 end
from generate_series(1, $1::bigint) as n
"""
# Over the same months as the near keys. A bill key begins with the month (duplicates.py).
_BILL_KEYS = """
insert into bill_keys (key, owner)
select substr(int4send((extract(year from day) * 12 + extract(month from day) - 1)::int), 2)
       || uuid_send(gen_random_uuid()), gen_random_uuid()
from generate_series(1, $1::bigint) as n, lateral (select date '2026-11-30' - (hashint8(n) & 255) as day) d
"""
# About five requests a person and payee, over a year. A person's key begins with the month (near_duplicates/keys.py).
_NEAR_KEYS = """
insert into near_keys (seq, request_id, version, member, name, birth, invoice, first_day, last_day)
select n, gen_random_uuid(), 1, month << 46 | hashint8extended(n / 5, 1) & mask,
       month << 46 | hashint8extended(n / 5, 2) & mask, month << 46 | hashint8extended(n / 5, 3) & mask,
       case when n % 3 = 0 then hashint8extended(n, 4) end, day, day
from generate_series(1, $1::bigint) as n, lateral (select date '2026-11-30' - (hashint8(n) & 255) as day) d,
     lateral (select (extract(year from day) * 12 + extract(month from day) - 1)::bigint as month,
                     (1::bigint << 46) - 1 as mask) m
"""
# By the session that decides, as one that has run for a day has, as far as there is room.
READ_FIRST = ("bill_keys", "versions", "near_keys where member > 0", "near_keys where name > 0")
Samples = dict[int, list[float]]

_INDEXES = (
    *("near_keys_member", "near_keys_name", "near_keys_birth", "near_keys_invoice"),
    *("versions_of_payee", "versions_of_rendering"),
)
_SESSION = {"enable_seqscan": "off", "max_parallel_workers_per_gather": "0"}


async def context_of(url: str) -> Context:
    settings = ValidationSettings(database_url=url)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=1, server_settings=_SESSION)
    context = testing.context_for(
        service, pool, settings=settings, resources=await build_resources(settings, pool)
    )
    world = [
        message for _, message, _ in load.reference_data() if type(message).__name__ != "PartnerRegistered"
    ]
    await testing.deliver(service, context, world)
    return context


async def fill(context: Context, rows: int) -> float:
    """Load, with the indexes built afterwards. Gives seconds."""
    start = time.monotonic()
    async with context.pool.acquire() as db:
        await db.execute(
            "set synchronous_commit = off; set work_mem = '256MB'; set maintenance_work_mem = '512MB'"
        )
        made = {name: await db.fetchval("select pg_get_indexdef($1::regclass)", name) for name in _INDEXES}
        for name in _INDEXES:
            await db.execute(f"drop index {name}")
        await db.execute("alter table bill_keys drop constraint bill_keys_pkey")
        await db.execute("alter table versions drop constraint versions_pkey")
        for statement in (_NEAR_KEYS, _BILL_KEYS):
            await db.execute(statement, rows, timeout=3_600)
        payees = [payee_id_for("npi", npi) for npi in load.NPIS]
        await db.execute(_VERSIONS, rows, payees, timeout=3_600)
        await db.execute("alter table bill_keys add primary key (key)", timeout=3_600)
        await db.execute("alter table versions add primary key (request_id, version)", timeout=3_600)
        for definition in made.values():
            await db.execute(definition, timeout=3_600)
        await db.execute("update near_revision set last = $1", rows)
        for table in ("near_keys", "bill_keys", "versions"):
            await db.execute(f"vacuum (analyze) {table}", timeout=3_600)
        await db.execute("checkpoint")
    return time.monotonic() - start


def submissions(first: int, count: int) -> list[SubmissionReceived]:
    """As intake says them of the load of the whole line."""
    return [submission(index) for index in range(first, first + count)]


def submission(index: int) -> SubmissionReceived:
    request, request_id = (
        SubmitRequest.model_validate_json(load.submission(index)).request,
        load.request_id(index),
    )
    return SubmissionReceived(
        request_id=request_id,
        version=1,
        partner=load.PARTNER,
        channel="kafka",
        received_on=date(2026, 11, 16),
        payee_id=payee_id_for("npi", request.payee.identifier),
        payer_claim_number=claim_number_for(request_id),
        request=request,
    )


async def slice_seconds(
    context: Context, messages: list[SubmissionReceived], server: list[int]
) -> tuple[float, float]:
    """Wall seconds and CPU seconds (this process and the server) of one slice, committed."""
    heard = [testing.heard(one, key=str(one.request_id), topic="submissions") for one in messages]
    hearing: Any = service.hearing_of("submissions")
    say = Say(context.topics)
    before, cpu = time.perf_counter(), time.process_time() + cpu_seconds({"PostgreSQL": server})["PostgreSQL"]
    async with context.pool.acquire() as db, db.transaction():
        await load_decide_store(db, hearing, heard, context, say)
    spent = time.process_time() + cpu_seconds({"PostgreSQL": server})["PostgreSQL"] - cpu
    assert {type(one.message).__name__ for one in say.said} == {"SubmissionApproved"}
    return time.perf_counter() - before, spent


async def prepare(database: str, rows: int) -> float:
    context = await context_of(database)
    filled = await fill(context, rows)
    await context.pool.close()
    return filled


Phase = tuple[Samples, Samples]
"""Wall and CPU microseconds a request of each slice, by the rows of history beside it."""


async def measure(
    stack: LocalStack, databases: dict[int, str], first_turn: int, settle: int
) -> tuple[Phase, Phase]:
    """Behind a checkpoint, and settled."""
    contexts = {size: await context_of(databases[size]) for size in databases}
    for context in contexts.values():
        for index in READ_FIRST:
            await context.pool.fetchval(f"select count(*) from {index}", timeout=600)
        await context.pool.execute("checkpoint")
    gc.freeze()
    gc.set_threshold(500_000, 50, 50)
    server = [stack.running()["postgres"]]
    phases: list[Phase] = []
    turn = first_turn
    for unmeasured in (WARM, settle):
        walls: Samples = {size: [] for size in contexts}
        cpus: Samples = {size: [] for size in contexts}
        for number in range(unmeasured + SLICES):
            messages = submissions(turn * SLICE, SLICE)
            for size in sorted(contexts, reverse=turn % 2 == 1):
                wall, cpu = await slice_seconds(contexts[size], messages, server)
                if number >= unmeasured:
                    walls[size].append(wall / SLICE * 1e6)
                    cpus[size].append(cpu / SLICE * 1e6)
            turn += 1
        phases.append((walls, cpus))
    await asyncio.gather(*[one.pool.close() for one in contexts.values()])
    return phases[0], phases[1]


def report(rows: int, filled: float, settle: int, figures: dict[str, Phase]) -> str:
    lines = [
        f"{machine()}; slices of {SLICE} new requests of six lines, {SLICES} each in turn, median "
        f"[low-high], behind a checkpoint and after {settle * SLICE:,} more; "
        f"{rows:,} rows each of versions, bill keys and near keys, made in {filled:.0f} s.",
        "",
        "| shared_buffers, when | rows of history | us a request | CPU us a request, ours and the server's "
        "| requests/s | of an empty history's, by time | by CPU |",
        "|---|---|---|---|---|---|---|",
    ]
    for buffers, (walls, cpus) in figures.items():
        for size in (0, rows):
            wall, cpu = Spread.of(walls[size]), Spread.of(cpus[size])
            shares = f"{Spread.of(walls[0]).median / wall.median:.2f} | {Spread.of(cpus[0]).median / cpu.median:.2f}"
            lines.append(
                f"| {buffers} | {size:,} | {wall.show()} | {cpu.show()} | {1e6 / wall.median:,.0f} | {shares} |"
            )
    return "\n".join(lines)


BUFFERS = ("256MB", "4GB")
"""What the local stack gives its server, and a quarter of the memory of a machine of 16 GB, as is usual."""


def run(rows: int, buffers: Sequence[str] = BUFFERS, settle: int = SETTLE) -> str:
    with (
        tempfile.TemporaryDirectory(dir=Path("var") if Path("var").is_dir() else None) as made,
        LocalStack(Path(made), find_free_base(), parts=("postgres",)) as stack,
    ):
        databases = {size: database(stack, f"history{size}") for size in (0, rows)}
        filled = asyncio.run(prepare(databases[rows], rows))
        figures: dict[str, Phase] = {}
        turns = WARM + settle + 2 * SLICES
        for turn, size in enumerate(buffers):
            restart_with(stack, size)
            behind, settled = asyncio.run(measure(stack, databases, turn * turns, settle))
            figures |= {f"{size}, behind a checkpoint": behind, f"{size}, settled": settled}
            sys.stderr.write(report(rows, filled, settle, figures) + "\n")
        return report(rows, filled, settle, figures)


def restart_with(stack: LocalStack, shared_buffers: str) -> None:
    stack.stop_part("postgres")
    stack.processes["postgres"].command.append(f"--shared_buffers={shared_buffers}")  # the last one counts
    stack.start_part("postgres")


def database(stack: LocalStack, name: str) -> str:
    """A new one with validation's tables."""
    stack.postgres.ensure_database(name)
    return testing.migrated("validation", stack.postgres.dsn(name))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.duplicates_at_scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--shared-buffers", nargs="+", default=BUFFERS)
    asked = parser.parse_args()
    sys.stdout.write(run(asked.rows, asked.shared_buffers) + "\n")


if __name__ == "__main__":
    main()
