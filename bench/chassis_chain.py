"""The chassis alone: three hops with a trivial handler and 5 events a key, against a bare aiokafka chain.

``python -m bench.chassis_chain [messages] [rounds]``. Same client, codec (zstd), messages, validation and cores;
interleaved rounds; a backlog stands in the first topic. The rate runs from the first record of the second topic to the
last of the fourth. PostgreSQL and the broker share the cores.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.chassis_hop import HOPS, PARTITIONS, Carried, Line, topics
from bench.measure import Spread, cpu_seconds, machine
from chassis import testing
from chassis.topics import partition_for
from stack.local_stack import INFRASTRUCTURE, LocalStack
from stack.ports import find_free_base
from stack.settings import read_settings
from stack.topics import ensure_topics
from throughline.envelope import Envelope
from throughline.flow import PARKED

EVENTS_PER_KEY = 5


def message(key: str, number: int) -> Carried:
    lines = tuple(
        Line(line_id=str(at), code=f"9921{at}", units=1, charge_cents=12_050 + at, diagnosis=(1, 2))
        for at in range(6)
    )
    return Carried(key=key, number=number, payee=str(uuid4()), payer="payer-1", filler="x" * 300, lines=lines)


async def fill(bootstrap: str, topic: str, count: int) -> None:
    """The backlog, with sequences and envelopes as a speaker of ours would have given them."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", compression_type="zstd", linger_ms=20
    )
    await producer.start()
    sequences = [0] * PARTITIONS
    sends = []
    for at in range(count):
        key = f"k{at // EVENTS_PER_KEY}"
        partition = partition_for(key.encode(), PARTITIONS)
        sequences[partition] += 1
        carried = message(key, at % EVENTS_PER_KEY)
        headers = Envelope.of(
            carried, id=uuid4(), source="bench", key=key, time=datetime.now(UTC), causation_id=uuid4(),
            sequence=sequences[partition],
        ).headers()  # fmt: skip
        value = carried.model_dump_json().encode()
        sends.append(
            await producer.send(topic, value, key=key.encode(), partition=partition, headers=headers)
        )
    await asyncio.gather(*sends)
    await producer.stop()


async def first_and_last(bootstrap: str, prefix: str, count: int, timeout_s: float) -> float:
    """Seconds from the first record of the second topic to the last of the fourth, by their timestamps."""
    second, fourth = f"{prefix}-1", f"{prefix}-{HOPS}"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        ends = [TopicPartition(fourth, partition) for partition in range(PARTITIONS)]
        begun = time.monotonic()
        while sum((await consumer.end_offsets(ends)).values()) < count:
            if time.monotonic() - begun > timeout_s:
                raise TimeoutError(f"{sum((await consumer.end_offsets(ends)).values())} of {count} arrived")
            await asyncio.sleep(0.2)
        first = min([await _timestamp(consumer, second, partition, 0) for partition in range(PARTITIONS)])
        last = 0
        for tp, end in (await consumer.end_offsets(ends)).items():
            last = max(last, await _timestamp(consumer, fourth, tp.partition, end - 1))
        return (last - first) / 1000
    finally:
        await consumer.stop()


async def until_begun(bootstrap: str, topic: str) -> None:
    """Until the first record stands in the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        async with asyncio.timeout(120):
            while not any((await consumer.end_offsets(tps)).values()):  # noqa: ASYNC110  # the broker sends no event
                await asyncio.sleep(0.02)
    finally:
        await consumer.stop()


async def _timestamp(consumer: AIOKafkaConsumer, topic: str, partition: int, offset: int) -> int:
    tp = TopicPartition(topic, partition)
    consumer.assign([tp])
    consumer.seek(tp, offset)
    record = await consumer.getone(tp)
    stamp: int = record.timestamp
    return stamp


async def run_once(stack: LocalStack, kind: str, count: int) -> tuple[float, dict[str, float]]:
    """Messages per second end to end, and microseconds of processor per message by group."""
    prefix = f"b{secrets.token_hex(4)}"
    bootstrap = stack.kafka_bootstrap
    wanted: dict[str, tuple[int, dict[str, str]]] = {
        one.name: (one.partitions, {}) for one in topics(prefix) if not one.is_family
    }
    wanted.update({PARKED.of(f"hop{index}-{prefix}"): (1, {}) for index in range(HOPS)})
    ensure_topics(bootstrap, wanted)
    await fill(bootstrap, f"{prefix}-0", count)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        # The first hop starts last: the others are waiting when it begins.
        for index in reversed(range(HOPS)):
            environment = {
                **os.environ,
                "KAFKA_BOOTSTRAP": bootstrap,
                "HTTP_PORT": "0",
                "LOG_LEVEL": "WARNING",
            }
            if kind != "bare":
                environment["DATABASE_URL"] = await _database(stack, f"{prefix}_{index}")
            command = [sys.executable, "-m", "bench.chassis_hop", kind, prefix, str(index)]
            if index == 0:
                await asyncio.sleep(4.0)
            processes.append(subprocess.Popen(command, env=environment))  # noqa: ASYNC220  # returns at once
        groups = {
            "ours": [process.pid for process in processes],
            "PostgreSQL": [stack.running()["postgres"]],
            "Kafka": [stack.running()["kafka"]],
        }
        await until_begun(bootstrap, f"{prefix}-1")
        before = cpu_seconds(groups)  # without what starting costs
        seconds = await first_and_last(bootstrap, prefix, count, 300)
        after = cpu_seconds(groups)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return count / seconds, {name: (after[name] - before[name]) / count * 1e6 for name in groups}


async def _database(stack: LocalStack, name: str) -> str:
    stack.postgres.ensure_database(name)
    address = stack.postgres.dsn(name)
    db = await asyncpg.connect(address)
    await testing.create_chassis_tables_in(db)
    await db.close()
    return address


async def measure(stack: LocalStack, count: int, rounds: int) -> list[str]:
    rates: dict[str, list[float]] = {"bare": [], "chassis": []}
    spent: dict[str, list[dict[str, float]]] = {"bare": [], "chassis": []}
    for turn in range(rounds):
        for kind in ("bare", "chassis") if turn % 2 == 0 else ("chassis", "bare"):
            rate, cpu = await run_once(stack, kind, count)
            rates[kind].append(rate)
            spent[kind].append(cpu)
            sys.stderr.write(f"{turn + 1}/{rounds} {kind}: {rate:,.0f}/s {cpu}\n")
    ratios = [ours / bare for ours, bare in zip(rates["chassis"], rates["bare"], strict=True)]
    size = len(message("k1", 1).model_dump_json())
    lines = [
        f"{HOPS} hops, {count:,} messages of {size} bytes, {EVENTS_PER_KEY} events a key, {PARTITIONS} partitions, "
        f"zstd, {rounds} interleaved rounds, median [min-max]. {machine()}",
        "",
        "| chain | messages/s end to end | of bare | us CPU a message: ours / PostgreSQL / broker | of bare by CPU |",
        "|---|---|---|---|---|",
    ]
    totals = {kind: [sum(one.values()) for one in spent[kind]] for kind in spent}
    by_cpu = [bare / ours for ours, bare in zip(totals["chassis"], totals["bare"], strict=True)]
    for kind, share, by in (
        ("bare", "1", "1"),
        ("chassis", Spread.of(ratios).show(2), Spread.of(by_cpu).show(2)),
    ):
        medians = [
            Spread.of([one[name] for one in spent[kind]]).median for name in ("ours", "PostgreSQL", "Kafka")
        ]
        costs = " / ".join(f"{value:,.0f}" for value in medians)
        lines.append(f"| {kind} | {Spread.of(rates[kind]).show()} | {share} | {costs} | {by} |")
    return lines


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    directory = read_settings().directory
    if directory is not None:
        lines = asyncio.run(measure(LocalStack.attach(directory), count, rounds))
    else:
        with (
            tempfile.TemporaryDirectory() as made,
            LocalStack(Path(made), find_free_base(), parts=INFRASTRUCTURE) as stack,
        ):
            lines = asyncio.run(measure(stack, count, rounds))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
