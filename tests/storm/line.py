"""The demo's input on the demo's line, with the nemesis beside it: same phases, same days, same clock."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from confluent_kafka import KafkaException
from rich.console import Console

from stack import LocalStack, StackError
from tests.storm.gate import Gate
from tests.storm.history import read_topics
from tests.storm.nemesis import Nemesis
from throughline.remittances import RemittancePosted
from throughline_cli.clock import start_clock
from throughline_cli.demo import export
from throughline_cli.demo.days import START
from throughline_cli.demo.feeding import Feeder
from throughline_cli.demo.progress import Bars
from throughline_cli.demo.rest import Rest
from throughline_cli.demo.run import Demo
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Witness

Report = Callable[[str], None]
BROKER_AWAY_S = 120.0


class PatientWitness(Witness):
    """Asks again while the broker is away."""

    def log_ends(self) -> dict[tuple[str, int], int]:
        ends: dict[tuple[str, int], int] = _patiently(super().log_ends)
        return ends

    def look_for_topics(self) -> None:
        _patiently(super().look_for_topics)


def _patiently(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + BROKER_AWAY_S
    while True:
        try:
            return ask()
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


class PacedFeeder(Feeder):
    """Sends one record, call or file when the gate lets it."""

    gate: Gate | None = None

    def _record(self, speaker: Speaker, topic: str, name: str, position: int, line: dict[str, Any]) -> None:
        if self.gate is not None:
            self.gate.pass_one()
        super()._record(speaker, topic, name, position, line)

    def _post(
        self, client: httpx.Client, path: str, partner: str, key: str, kind: str, content: bytes
    ) -> httpx.Response:
        if self.gate is not None:
            self.gate.pass_one()
        return super()._post(client, path, partner, key, kind, content)


class Steps(Bars):
    """Hears the demo's steps; draws no bars."""

    def __init__(self, report: Report) -> None:
        super().__init__(Console(quiet=True))
        self._report = report
        self.nemesis: Nemesis | None = None

    def begin(self, what: str, totals: dict[str, int]) -> None:
        if self.nemesis is not None:
            self.nemesis.when = what
            self.nemesis.feed_begins()

    def end(self) -> None:
        if self.nemesis is not None:
            self.nemesis.feed_ends()

    def step(self, what: str) -> None:
        if what.startswith("clock") and self.nemesis is not None:
            self.nemesis.days_begin()
            self.nemesis.when = what

    def done(self, what: str) -> None:
        self._report(what)


@dataclass
class StormDemo(Demo):
    """The demo without its own judgement: that is the checker's."""

    nemesis: Nemesis | None = None

    def live(self) -> None:
        with PatientWitness(self.place.bootstrap) as witness:
            rest = Rest(self.place, witness)
            try:
                self._live(witness, rest)
                if self.nemesis is not None:
                    self.nemesis.calm()
                    self.place.stack.wait_ready()
                rest.wait()
            finally:
                rest.close()

    def _feeder(self, keys: dict[str, str]) -> PacedFeeder:
        feeder = PacedFeeder(
            self.place.bootstrap, self.place.url("intake"), keys, self.sent, self.bars.advance,
            urls=self._other_intakes(),
        )  # fmt: skip
        feeder.gate = self.nemesis.gate if self.nemesis is not None else None
        return feeder

    def _other_intakes(self) -> tuple[str, ...]:
        stack = self.place.stack
        return tuple(stack.http_url("intake", replica) for replica in range(2, stack.replicas["intake"] + 1))


def fresh_line(directory: Path, **options: Any) -> LocalStack:
    """A stack of processes that knows nothing yet, its clock at the demo's Monday. Not started."""
    with contextlib.suppress(StackError):
        LocalStack.attach(directory).stop()
    shutil.rmtree(directory, ignore_errors=True)
    start_clock(directory / "clock.json", START)
    return LocalStack(directory, **options)


def posted_in(bootstrap: str) -> list[RemittancePosted]:
    """Every remittance said, each once."""
    found: dict[UUID, RemittancePosted] = {}
    for record in read_topics(bootstrap):
        if isinstance(record.message, RemittancePosted):
            found[record.message.remittance_id] = record.message
    return list(found.values())


def leave_behind(demo: StormDemo, remittances: Iterable[RemittancePosted]) -> dict[str, Any]:
    """What the checker reads beside topics and bank: what was sent, the 835s, audit's own report."""
    place = demo.place
    sent = {
        "records": [[*at, *where] for at, where in sorted(demo.sent.records.items())],
        "receipts": [[str(receipt), *where] for receipt, where in sorted(demo.sent.receipts.items())],
    }
    (place.out / "sent.json").write_text(json.dumps(sent))
    folder = place.out / "remittances"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with httpx.Client(timeout=120) as client:
        for posted in remittances:
            suffix = "835" if posted.format == "835" else "csv"
            answer = client.get(f"{place.url('remittance')}/v1/remittances/{posted.remittance_id}/{suffix}")
            answer.raise_for_status()
            (folder / f"{posted.remittance_id}.{suffix}").write_bytes(answer.content)
        return export.audit_report(place, client)


def keep_logs(stack: LocalStack, out: Path) -> Path:
    """Copies the logs of all parts, for whoever looks into a failure."""
    target = out / "logs"
    with contextlib.suppress(OSError):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(stack.places.logs, target)
    return target
