"""One hop of the bench's chain, as a process: by the chassis, or by bare aiokafka with nothing safe about it."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from zlib import crc32

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from chassis import Heard, NoWork, Say, Service, hear
from throughline.flow import PARKED, Kind, Topic
from throughline.message import Event, Record

PARTITIONS = 4
HOPS = 3


class Line(Record):
    line_id: str
    code: str
    units: int
    charge_cents: int
    diagnosis: tuple[int, ...]


class Carried(Event):
    """About 930 bytes with six lines, as a small submission."""

    key: str
    number: int
    payee: str
    payer: str
    filler: str
    lines: tuple[Line, ...]


def topics(prefix: str) -> tuple[Topic, ...]:
    def topic(index: int) -> Topic:
        speaker, hearer = f"hop{index - 1}-{prefix}", f"hop{index}-{prefix}"
        hears = (hearer,) if index < HOPS else ()
        return Topic(f"{prefix}-{index}", Kind.EVENTS, (speaker,), hears, "key", (Carried,), PARTITIONS)

    return (*(topic(index) for index in range(HOPS + 1)), PARKED)


def pass_on(heard: Heard[Carried], work: NoWork, say: Say) -> None:
    say(heard.message, key=heard.message.key)


def by_the_chassis(prefix: str, index: int) -> None:
    named = topics(prefix)
    service = Service(
        f"hop{index}-{prefix}",
        hears=[hear(named[index].name, work=NoWork, on={Carried: pass_on})],
        topics=named,
    )
    sys.argv[1:] = ["run"]
    service.main()


async def bare(prefix: str, index: int) -> None:
    """Read, validate, write, send, commit now and then: what a plain loop costs with the same client and codec."""
    bootstrap = os.environ["KAFKA_BOOTSTRAP"]
    named = topics(prefix)
    target = named[index + 1].name
    consumer = AIOKafkaConsumer(
        named[index].name,
        bootstrap_servers=bootstrap,
        group_id=f"bare{index}-{prefix}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4_000_000,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        max_batch_size=900_000,
    )
    await consumer.start()
    await producer.start()
    gc.freeze()
    gc.set_threshold(500_000, 50, 50)
    committed = 0.0
    while True:
        read = await consumer.getmany(timeout_ms=250, max_records=2000)
        batches = {partition: producer.create_batch() for partition in range(PARTITIONS)}
        counts = [0] * PARTITIONS
        for records in read.values():
            for record in records:
                message = Carried.__pydantic_validator__.validate_json(record.value)
                value = message.__pydantic_serializer__.to_json(message)
                partition = crc32(record.key) % PARTITIONS
                batch, headers = batches[partition], list(record.headers)
                if batch.append(timestamp=None, key=record.key, value=value, headers=headers) is None:
                    await producer.send_batch(batch, target, partition=partition)
                    batch = batches[partition] = producer.create_batch()
                    batch.append(timestamp=None, key=record.key, value=value, headers=headers)
                    counts[partition] = 0
                counts[partition] += 1
        sent = [
            await producer.send_batch(batch, target, partition=partition)
            for partition, batch in batches.items()
            if counts[partition]
        ]
        await asyncio.gather(*sent)
        now = asyncio.get_running_loop().time()
        if now - committed > 1.0 and read:
            await consumer.commit()
            committed = now


if __name__ == "__main__":
    kind, run_prefix, hop = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "bare":
        asyncio.run(bare(run_prefix, hop))
    else:
        by_the_chassis(run_prefix, hop)
