"""A sustained load for some minutes: does throughput, latency, memory or audit's backlog drift?

``python -m bench.line.flat [--rate R] [--minutes M]``. Requests are sent at a fixed rate, open loop, by this
process; every twentieth is timed from when it was due to the stamp of its decision. One row a minute.
"""

from __future__ import annotations

import argparse
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.line import load, rounds
from bench.line.__main__ import WARM, fresh_stack
from bench.line.log import Log
from bench.measure import Busy, cpu_seconds, machine, percentile, rss_mb
from stack import LocalStack
from throughline_cli.speaking import Speaker

TIMED = 20
"""One request in so many is timed."""
TICK_S = 0.02


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute showed."""

    sent: int
    decided: int
    latency: rounds.Latency
    audit_behind: int
    rss: dict[str, float]
    cpu_ms: float
    others: float


class Generator(threading.Thread):
    """Sends at a fixed rate until it is told to stop; a request that is late is sent at once, and counts as late."""

    def __init__(self, stack: LocalStack, first: int, rate: float) -> None:
        super().__init__(daemon=True)
        self._kafka = stack.kafka_bootstrap
        self._first, self._rate = first, rate
        self.stopping = threading.Event()
        self.sent = 0
        self.due: dict[bytes, float] = {}
        """When each timed request was due, by its request id."""

    def run(self) -> None:
        begun = time.time()
        with Speaker(self._kafka) as speaker:
            while not self.stopping.is_set():
                due = begun + self.sent / self._rate
                if due > time.time():
                    time.sleep(
                        TICK_S
                    )  # then what has become due meanwhile at once: a sleep for each costs more
                index = self._first + self.sent
                if index % TIMED == 0:
                    self.due[str(load.request_id(index)).encode()] = due
                speaker.send(rounds.INTAKE, load.submission(index), f"B-{index}".encode(), [])
                self.sent += 1


def run(stack: LocalStack, first: int, rate: float, minutes: int) -> list[Minute]:
    """Raises TimeoutError where the line has not caught up ten minutes after the load ended."""
    groups = rounds.groups_of(stack)
    log = Log(stack.kafka_bootstrap)
    log.follow("decisions")
    generator = Generator(stack, first, rate)
    generator.start()
    found: list[Minute] = []
    spent = cpu_seconds(groups)
    for number in range(1, minutes + 1):
        sent, busy = generator.sent, Busy(groups)
        decided, took = _follow(log, generator, time.monotonic() + 60)
        used = cpu_seconds(groups)
        found.append(
            Minute(
                sent=generator.sent - sent,
                decided=decided,
                latency=(percentile(took, 0.5) * 1000, percentile(took, 0.99) * 1000) if took else (0, 0),
                audit_behind=rounds.standing(stack, "audit")["lag"],
                rss={name: rss_mb(roots) for name, roots in groups.items() if name != "bank"},
                cpu_ms=sum(used[name] - spent[name] for name in groups) / max(1, decided) * 1000,
                others=busy.others_share(),
            )
        )
        spent = used
        print(f"minute {number}: {found[-1]}", flush=True)
    generator.stopping.set()
    generator.join()
    log.close()
    rounds.all_idle(stack)
    return found


def _follow(log: Log, generator: Generator, until: float) -> tuple[int, list[float]]:
    """Decisions until then, and the seconds that the timed ones among them took."""
    decided, took = 0, []
    while time.monotonic() < until:
        for record in log.arrived(0.5):
            decided += 1
            due = generator.due.pop(record.key() or b"", None)
            if due is not None:
                took.append(record.timestamp()[1] / 1000 - due)
    return decided, took


def report(rate: float, found: list[Minute]) -> str:
    names = list(found[0].rss)
    head = [
        "minute",
        "sent/s",
        "decided/s",
        "p50 ms",
        "p99 ms",
        "audit behind",
        "CPU ms a request",
        "others %",
    ]
    text = [
        f"{machine()}; {rate:,.0f} requests of {load.LINES} lines a second for {len(found)} minutes, open loop, "
        "generator and reader on the same cores.",
        "",
        f"| {' | '.join([*head, *[f'{name} MB' for name in names]])} |",
        f"|{'---|' * (len(head) + len(names))}",
    ]
    for number, one in enumerate(found, 1):
        cells = [f"{number}", f"{one.sent / 60:,.0f}", f"{one.decided / 60:,.0f}"]
        cells += [f"{one.latency[0]:,.0f}", f"{one.latency[1]:,.0f}", f"{one.audit_behind:,}"]
        cells += [
            f"{one.cpu_ms:.2f}",
            f"{one.others * 100:.0f}",
            *[f"{one.rss[name]:,.0f}" for name in names],
        ]
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.line.flat", description=__doc__)
    parser.add_argument("--rate", type=float, default=1_000, help="requests a second")
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--dir", type=Path, default=Path("var/bench"))
    parser.add_argument("--port-base", type=int, default=19600)
    asked = parser.parse_args()
    with fresh_stack(asked.dir, asked.port_base) as stack:
        print(report(asked.rate, run(stack, WARM, asked.rate, asked.minutes)))


if __name__ == "__main__":
    main()
