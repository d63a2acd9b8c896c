"""One round each of the bare pass-through and of the line: a backlog worked off, with CPU and memory by group."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from bench.line import load
from bench.line.log import Log
from bench.line.passthrough import PARTITIONS, TOPICS
from bench.measure import cpu_seconds, percentile, rss_mb
from stack import LocalStack
from stack.topics import ensure_topics
from throughline_cli.speaking import Speaker

INTAKE = f"intake.{load.PARTNER}"
ANSWERS = f"answers.{load.PARTNER}"
HEARD_BY_AUDIT = (INTAKE, ANSWERS, "submissions", "decisions")
DRAIN_TIMEOUT_S = 600


@dataclass
class Round:
    """What one round took, for ``count`` requests."""

    count: int
    seconds: float
    cpu: dict[str, float]
    rss: dict[str, float] = field(default_factory=dict)
    audit_seconds: float | None = None

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def cpu_ms(self, group: str) -> float:
        """CPU milliseconds per request, which is CPU seconds per thousand."""
        return self.cpu[group] / self.count * 1000


def publish(stack: LocalStack, topic: str, start: int, count: int, rate: float | None = None) -> None:
    """Send requests from index ``start``; with ``rate``, so many a second."""
    begun = time.monotonic()
    with Speaker(stack.kafka_bootstrap) as speaker:
        for index in range(start, start + count):
            if rate is not None and (wait := begun + (index - start) / rate - time.monotonic()) > 0:
                time.sleep(wait)
            speaker.send(topic, load.submission(index), f"B-{index}".encode(), [])


def bare(stack: LocalStack, number: int, count: int) -> Round:
    """The peer works off the same requests."""
    ensure_topics(
        stack.kafka_bootstrap, {name: (PARTITIONS, {"compression.type": "producer"}) for name in TOPICS}
    )
    log = Log(stack.kafka_bootstrap)
    before = log.count("bare-decisions")
    publish(stack, "bare-requests", number * count, count)
    hops = [
        subprocess.Popen([sys.executable, "-m", "bench.line.passthrough", stack.kafka_bootstrap, role])
        for role in ("hop1", "hop2", "reader")
    ]
    try:
        groups = {"ours": [hop.pid for hop in hops], "Kafka": [stack.running()["kafka"]]}
        log.wait_for(["bare-submissions"], log.count("bare-submissions") + 1, 60)
        spent, started = cpu_seconds(groups), time.monotonic()
        log.wait_for(["bare-decisions"], before + count, DRAIN_TIMEOUT_S)
        seconds = time.monotonic() - started
        cpu = {name: now - spent[name] for name, now in cpu_seconds(groups).items()}
        return Round(count, seconds, cpu | {"PostgreSQL": 0.0}, {"ours": rss_mb(groups["ours"])})
    finally:
        for hop in hops:
            hop.kill()
            hop.wait()
        log.close()


def warm(stack: LocalStack, count: int) -> None:
    """Fill caches and prepared statements; also shows that the load is accepted and approved."""
    log = Log(stack.kafka_bootstrap)
    publish(stack, INTAKE, 0, count)
    log.wait_for(["decisions"], count, 120)
    log.close()


def line(stack: LocalStack, number: int, count: int) -> Round:
    """The line works off a backlog: intake is started with the requests already there."""
    log = Log(stack.kafka_bootstrap)
    before = log.count("decisions")
    stack.stop_part("intake-1")
    publish(stack, INTAKE, number * count, count)
    stack.start_part("intake-1", wait=False)
    log.wait_for(["decisions"], before + 1, 90)
    groups = groups_of(stack)
    spent, started = cpu_seconds(groups), time.monotonic()
    log.wait_for(["decisions"], before + count, DRAIN_TIMEOUT_S)
    seconds = time.monotonic() - started
    audit_seconds = seconds + _audit_catches_up(stack, log)
    cpu = {name: now - spent[name] for name, now in cpu_seconds(groups).items()}
    rss = {
        name.removesuffix("-1"): rss_mb([pid]) for name, pid in stack.running().items() if name.endswith("-1")
    }
    log.close()
    return Round(count, seconds, cpu, rss, audit_seconds)


def groups_of(stack: LocalStack) -> dict[str, Sequence[int]]:
    running = stack.running()
    return {
        "ours": [pid for name, pid in running.items() if name not in ("kafka", "postgres")],
        "PostgreSQL": [running["postgres"]],
        "Kafka": [running["kafka"]],
    }


def _audit_catches_up(stack: LocalStack, log: Log) -> float:
    started = time.monotonic()
    idle_wait(stack, "audit", DRAIN_TIMEOUT_S)
    return time.monotonic() - started


def idle_wait(stack: LocalStack, service: str, timeout_s: float) -> None:
    """Wait until a service has nothing left to do. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if httpx.get(f"{stack.http_url(service)}/idle", timeout=10).json()["idle"]:
            return
        time.sleep(0.05)
    raise TimeoutError(f"{service} is not idle after {timeout_s:.0f} s")


def latency(stack: LocalStack, start: int, rate: float, seconds: float) -> tuple[float, float]:
    """p50 and p99 in milliseconds from the broker's time of the request to the stamp of its decision."""
    log = Log(stack.kafka_bootstrap)
    intake, decisions = log.ends(INTAKE), log.ends("decisions")
    count = int(rate * seconds)
    before = sum(decisions.values())
    publish(stack, INTAKE, start, count, rate)
    log.wait_for(["decisions"], before + count, DRAIN_TIMEOUT_S)
    asked = {
        str(
            load.request_id(int(json.loads(record.value() or b"")["request"]["number"].removeprefix("B-")))
        ): record.timestamp()[1]
        for record in log.records(INTAKE, intake)
    }
    took = [
        record.timestamp()[1] - asked[(record.key() or b"").decode()]
        for record in log.records("decisions", decisions)
    ]
    log.close()
    return percentile(took, 0.5), percentile(took, 0.99)


def schedule(stack: LocalStack, clock: Path, to: datetime, count: int) -> float:
    """Move the clock past the cutoff; seconds until every approved request is scheduled."""
    from throughline_cli.clock import set_clock

    log = Log(stack.kafka_bootstrap)
    idle_wait(stack, "payout", DRAIN_TIMEOUT_S)
    before = log.count("items")
    set_clock(clock, to)
    took = log.wait_for(["items"], before + count, DRAIN_TIMEOUT_S)
    log.close()
    return took
