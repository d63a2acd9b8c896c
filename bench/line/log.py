"""Reading topics from outside: how many records, and when the broker or the speaker stamped them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition


class Log:
    """A reader with no group."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "bench",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
                "log_level": 2,
            }
        )

    def partitions(self, topic: str) -> list[int]:
        return sorted(self._consumer.list_topics(topic, timeout=10).topics[topic].partitions)

    def ends(self, topic: str) -> dict[int, int]:
        for _ in range(50):
            try:
                return {partition: self._end(topic, partition) for partition in self.partitions(topic)}
            except KafkaException:
                time.sleep(0.1)  # a topic just made has no leader yet
        raise TimeoutError(f"{topic} has no leader")

    def _end(self, topic: str, partition: int) -> int:
        found = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        assert found is not None
        return found[1]

    def count(self, *topics: str) -> int:
        """Records ever written to the topics."""
        return sum(sum(self.ends(topic).values()) for topic in topics)

    def wait_for(self, topics: Sequence[str], count: int, timeout_s: float) -> float:
        """Wait until the topics hold so many records; answers the seconds it took. Raises TimeoutError."""
        started = time.monotonic()
        while (found := self.count(*topics)) < count:
            if time.monotonic() - started > timeout_s:
                raise TimeoutError(
                    f"{', '.join(topics)} hold {found} of {count} records after {timeout_s:.0f} s"
                )
            time.sleep(0.05)
        return time.monotonic() - started

    def records(self, topic: str, start: dict[int, int]) -> Iterator[Message]:
        """Every record from the given offsets to the present end."""
        ends = {
            partition: end for partition, end in self.ends(topic).items() if end > start.get(partition, 0)
        }
        self._consumer.assign(
            [TopicPartition(topic, partition, start.get(partition, 0)) for partition in ends]
        )
        left = sum(end - start.get(partition, 0) for partition, end in ends.items())
        while left > 0:
            for message in self._consumer.consume(min(left, 5000), timeout=5):
                assert message.error() is None, message.error()
                left -= 1
                yield message
        self._consumer.unassign()

    def close(self) -> None:
        self._consumer.close()
