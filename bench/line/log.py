"""Reading topics from outside: how many records, when they were stamped, and which came since."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

LOOK_EVERY_S = 0.25
"""Looking costs the broker time that is measured. When something came is read from its stamp."""


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
        self._partitions: dict[str, list[int]] = {}

    def partitions(self, topic: str) -> list[int]:
        if topic not in self._partitions:
            listed = self._consumer.list_topics(topic, timeout=10).topics[topic].partitions
            self._partitions[topic] = sorted(listed)
        return self._partitions[topic]

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
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - started

    def first_stamp(self, topic: str, start: dict[int, int]) -> float:
        """When the first record after these offsets was stamped, in seconds."""
        ends = self.ends(topic)
        return min(
            self._stamp(topic, partition, at) for partition, at in start.items() if ends[partition] > at
        )

    def last_stamp(self, topic: str, start: dict[int, int]) -> float:
        """When the last record of the topic was stamped, in seconds; of partitions that grew since ``start``."""
        ends = self.ends(topic)
        return max(
            self._stamp(topic, partition, end - 1)
            for partition, end in ends.items()
            if end > start[partition]
        )

    def _stamp(self, topic: str, partition: int, offset: int) -> float:
        self._consumer.assign([TopicPartition(topic, partition, offset)])
        record = self._consumer.poll(10)
        assert record is not None and record.error() is None and record.offset() == offset
        return record.timestamp()[1] / 1000

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

    def follow(self, topic: str) -> None:
        """Read the topic from its present end on, by ``arrived``."""
        self._consumer.assign([TopicPartition(topic, at, end) for at, end in self.ends(topic).items()])

    def arrived(self, timeout_s: float) -> list[Message]:
        """What has come since, of the topic that is followed."""
        return [one for one in self._consumer.consume(5000, timeout=timeout_s) if one.error() is None]

    def close(self) -> None:
        self._consumer.close()
