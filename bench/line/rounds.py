"""One round each of the bare pass-through and of the line: a backlog worked off, with CPU and memory by process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from bench.line import load
from bench.line.log import Log
from bench.line.passthrough import PARTITIONS, TOPICS
from bench.measure import Busy, cpu_seconds, percentile, rss_mb
from stack import LocalStack
from stack.topics import ensure_topics
from throughline_cli.clock import set_clock
from throughline_cli.speaking import Speaker

INTAKE = f"intake.{load.PARTNER}"
SERVICES = ("intake", "validation", "payout", "remittance", "audit")
DRAIN_TIMEOUT_S = 600
ROLES = ("hop1", "hop2", "reader")


@dataclass
class Round:
    """What one round took, for ``count`` requests: CPU seconds and resident MB by process."""

    count: int
    seconds: float
    cpu: dict[str, float]
    rss: dict[str, float] = field(default_factory=dict)
    others: float = 0.0
    """The share of the machine that processes outside of this took."""
    behind_s: float = 0.0
    """How long after the last decision everyone had heard everything and audit had sealed it."""

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def cpu_ms(self, *processes: str) -> float:
        """CPU milliseconds per request, which is CPU seconds per thousand."""
        return sum(self.cpu[name] for name in processes) / self.count * 1000

    @property
    def ours(self) -> list[str]:
        return [name for name in self.cpu if name not in ("PostgreSQL", "Kafka")]


def publish(stack: LocalStack, topic: str, start: int, count: int, rate: float | None = None) -> None:
    """Send requests from index ``start``; with ``rate``, so many a second."""
    begun = time.monotonic()
    with Speaker(stack.kafka_bootstrap) as speaker:
        for index in range(start, start + count):
            if rate is not None and (wait := begun + (index - start) / rate - time.monotonic()) > 0:
                time.sleep(wait)
            speaker.send(topic, load.submission(index), f"B-{index}".encode(), [])


def ensure_bare_topics(stack: LocalStack) -> None:
    ensure_topics(
        stack.kafka_bootstrap, {name: (PARTITIONS, {"compression.type": "producer"}) for name in TOPICS}
    )


@contextmanager
def bare_hops(stack: LocalStack) -> Iterator[list[subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "bench.line.passthrough", stack.kafka_bootstrap]
    hops = [subprocess.Popen([*command, role]) for role in ROLES]
    try:
        yield hops
    finally:
        for hop in hops:
            hop.kill()
            hop.wait()


def bare(stack: LocalStack, number: int, count: int) -> Round:
    """The peer works off the same requests."""
    log = Log(stack.kafka_bootstrap)
    ensure_bare_topics(stack)
    submissions, decisions = log.ends("bare-submissions"), log.ends("bare-decisions")
    publish(stack, "bare-requests", number * count, count)
    with bare_hops(stack) as hops:
        groups = {"bare": [hop.pid for hop in hops], "Kafka": [stack.running()["kafka"]]}
        log.wait_for(["bare-submissions"], sum(submissions.values()) + 1, 60)
        spent, busy = cpu_seconds(groups), Busy(groups)
        log.wait_for(["bare-decisions"], sum(decisions.values()) + count, DRAIN_TIMEOUT_S)
        others = busy.others_share()
        cpu = {name: now - spent[name] for name, now in cpu_seconds(groups).items()}
        rss = {"bare": rss_mb(groups["bare"])}
    seconds = log.last_stamp("bare-decisions", decisions) - log.first_stamp("bare-submissions", submissions)
    log.close()
    return Round(count, seconds, cpu | {"PostgreSQL": 0.0}, rss, others)


def warm(stack: LocalStack, count: int) -> None:
    """Fill caches and prepared statements; also shows that the load is accepted and approved."""
    log = Log(stack.kafka_bootstrap)
    publish(stack, INTAKE, 0, count)
    log.wait_for(["decisions"], count, 120)
    all_idle(stack)
    log.close()


def line(stack: LocalStack, first: int, count: int) -> Round:
    """The line works off a backlog of requests from index ``first``: intake is started when they are there.

    The rate runs from the first submission to the last decision; the CPU time until everyone has heard everything.
    """
    log = Log(stack.kafka_bootstrap)
    submissions, decisions = log.ends("submissions"), log.ends("decisions")
    stack.stop_part("intake-1")
    publish(stack, INTAKE, first, count)
    stack.start_part("intake-1", wait=False)
    log.wait_for(["submissions"], sum(submissions.values()) + 1, 90)
    groups = groups_of(stack)
    spent, busy = cpu_seconds(groups), Busy(groups)
    log.wait_for(["decisions"], sum(decisions.values()) + count, DRAIN_TIMEOUT_S)
    decided, others = time.monotonic(), busy.others_share()
    all_idle(stack)
    behind_s = time.monotonic() - decided
    cpu = {name: now - spent[name] for name, now in cpu_seconds(groups).items()}
    seconds = log.last_stamp("decisions", decisions) - log.first_stamp("submissions", submissions)
    log.close()
    return Round(count, seconds, cpu, memory(groups), others, behind_s)


def groups_of(stack: LocalStack) -> dict[str, Sequence[int]]:
    """The root process of every part, by its name as people read it."""
    named = {"kafka": "Kafka", "postgres": "PostgreSQL"}
    return {named.get(name, name.removesuffix("-1")): [pid] for name, pid in stack.running().items()}


def memory(groups: dict[str, Sequence[int]]) -> dict[str, float]:
    return {name: rss_mb(roots) for name, roots in groups.items() if name in SERVICES}


def all_idle(stack: LocalStack, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
    for service in SERVICES:
        idle_wait(stack, service, timeout_s)


def idle_wait(stack: LocalStack, service: str, timeout_s: float) -> None:
    """Wait until a service has nothing left to do. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if standing(stack, service)["idle"]:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{service} is not idle after {timeout_s:.0f} s")


def standing(stack: LocalStack, service: str) -> dict[str, int]:
    """What a service tells of itself: ``idle``, ``lag`` in records, ``outbox`` in packs."""
    told: dict[str, int] = httpx.get(f"{stack.http_url(service)}/idle", timeout=10).json()
    return told


Latency = tuple[float, float]
"""p50 and p99 in milliseconds."""


def latency(stack: LocalStack, start: int, rate: float, seconds: float) -> Latency:
    """From the broker's time of the request to the stamp of its decision, at a fixed rate, open loop."""
    names = {str(load.request_id(index)): index for index in range(start, start + int(rate * seconds))}
    return _latency(stack, INTAKE, "decisions", start, rate, seconds, lambda key: names[key])


def bare_latency(stack: LocalStack, start: int, rate: float, seconds: float) -> Latency:
    """The same of the pass-through."""
    ensure_bare_topics(stack)
    with bare_hops(stack):
        time.sleep(3.0)  # until they have joined
        return _latency(stack, "bare-requests", "bare-decisions", start, rate, seconds, _index_of)


def _latency(
    stack: LocalStack,
    asked_on: str,
    told_on: str,
    start: int,
    rate: float,
    seconds: float,
    index_of: Callable[[str], int],
) -> Latency:
    log = Log(stack.kafka_bootstrap)
    requests, decisions = log.ends(asked_on), log.ends(told_on)
    count = int(rate * seconds)
    publish(stack, asked_on, start, count, rate)
    log.wait_for([told_on], sum(decisions.values()) + count, DRAIN_TIMEOUT_S)
    asked = {
        _index_of((record.key() or b"").decode()): record.timestamp()[1]
        for record in log.records(asked_on, requests)
    }
    took = [
        record.timestamp()[1] - asked[index_of((record.key() or b"").decode())]
        for record in log.records(told_on, decisions)
    ]
    log.close()
    return percentile(took, 0.5), percentile(took, 0.99)


def _index_of(number: str) -> int:
    return int(number.removeprefix("B-"))


def schedule(stack: LocalStack, clock: Path, to: datetime, count: int) -> float:
    """Move the clock past the cutoff; seconds until every approved request is scheduled."""
    log = Log(stack.kafka_bootstrap)
    all_idle(stack)
    before = log.count("items")
    set_clock(clock, to)
    took = log.wait_for(["items"], before + count, DRAIN_TIMEOUT_S)
    log.close()
    return took
