"""The peer: two bare aiokafka hops and a reader, with the records, codec and counts of the line, and nothing else.

Hop 1 reads a request and writes an answer and a submission; hop 2 reads the submission and writes a decision; the
reader hears all four topics, as audit does. Bodies are as long as the line's; no database, no decoding, no order.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections import defaultdict

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

PARTITIONS = 4
TOPICS = ("bare-requests", "bare-answers", "bare-submissions", "bare-decisions")
ANSWER_BYTES, SUBMISSION_BYTES, DECISION_BYTES = 420, 1_500, 2_300
HEADERS = [
    ("ce_id", b"3b5440c0-0682-59c1-b8e6-3b9127247bc4"),
    ("ce_type", b"throughline.SubmissionReceived"),
] * 5
SAY = {
    "hop1": (("bare-answers", ANSWER_BYTES), ("bare-submissions", SUBMISSION_BYTES)),
    "hop2": (("bare-decisions", DECISION_BYTES),),
}


async def hop(bootstrap: str, role: str, source: str) -> None:
    """Read batches, write what the role says for each record, wait for the acks, commit."""
    consumer = AIOKafkaConsumer(
        source, bootstrap_servers=bootstrap, group_id=f"bare-{role}", enable_auto_commit=False,
        auto_offset_reset="earliest", max_partition_fetch_bytes=4_000_000,
    )  # fmt: skip
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type="zstd",
        max_batch_size=900_000, linger_ms=0, max_request_size=4_000_000,
    )  # fmt: skip
    await consumer.start()
    await producer.start()
    while True:
        batches = await consumer.getmany(timeout_ms=200, max_records=2000)
        sends = []
        for records in batches.values():
            for topic, size in SAY[role]:
                by_partition = defaultdict(list)
                for record in records:
                    by_partition[zlib.crc32(record.key) % PARTITIONS].append(record)
                for partition, group in by_partition.items():
                    sends += [_send(producer, topic, partition, group, size)]
        if sends:
            await asyncio.gather(*sends)
            await consumer.commit()


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, records: list, size: int) -> None:  # type: ignore[type-arg]
    waits = []
    batch = producer.create_batch()
    for record in records:
        body = (record.value * (1 + size // len(record.value)))[:size]
        if batch.append(key=record.key, value=body, timestamp=None, headers=HEADERS) is None:
            waits.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=record.key, value=body, timestamp=None, headers=HEADERS)
    waits.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*waits)


async def read(bootstrap: str) -> None:
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=bootstrap,
        group_id="bare-reader",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4_000_000,
    )
    await consumer.start()
    while True:
        await consumer.getmany(timeout_ms=200, max_records=2000)


def main(bootstrap: str, role: str) -> None:
    source = {"hop1": "bare-requests", "hop2": "bare-submissions"}.get(role)
    asyncio.run(read(bootstrap) if source is None else hop(bootstrap, role, source))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
