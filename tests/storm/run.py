"""One storm: the undisturbed run, the disturbed one, and what the checker says of both."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sample_input.feed import PHASES

from stack import LocalStack
from tests.storm.checker import Finding, check, compare
from tests.storm.expected import compare_with_expected
from tests.storm.gate import Gate, passes
from tests.storm.history import read_history
from tests.storm.line import Steps, StormDemo, fresh_line, keep_logs, leave_behind, posted_in
from tests.storm.nemesis import Nemesis
from tests.storm.outcome import Outcome, outcome_of
from tests.storm.plan import BANK, BLACKOUT, PARTS, draw
from throughline.flow import SERVICES
from throughline_cli.demo.place import Place

STATIC = {"STATIC_MEMBERSHIP": "true"}
"""Half of the services rejoin under their old name after a kill, half wait for the dead member's session."""
SESSION_S = 6.0
PAUSE_SESSIONS = 1.4
"""A frozen member wakes up when the group has given its partitions away."""
REPLICAS = dict.fromkeys(SERVICES, 2)
Report = Callable[[str], None]


def session_of(seconds: float) -> dict[str, str]:
    """A Kafka session so short, with as many heartbeats in it as ever."""
    return {"SESSION_TIMEOUT_S": f"{seconds:g}", "HEARTBEAT_INTERVAL_S": f"{seconds / 6:g}"}


@dataclass(frozen=True)
class Storm:
    """What a storm is made of. ``input`` is a folder as the sample generator writes it."""

    input: Path
    out: Path
    seed: int
    kills: int
    bank_kills: int
    breath_s: float
    pauses: int = 0
    blackouts: int = 0
    minutes: float = 60.0
    port_base: int | None = None
    quick_broker: bool = False
    session_s: float = SESSION_S

    def environment(self) -> dict[str, dict[str, str]]:
        return {"*": session_of(self.session_s), "intake": STATIC, "payout": STATIC}


@dataclass
class Verdict:
    findings: list[Finding]
    kills: Counter[str] = field(default_factory=Counter)
    paused: Counter[str] = field(default_factory=Counter)
    wanted: dict[str, int] = field(default_factory=dict)
    died: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def short_of(self) -> list[str]:
        """Parts that were killed less often than asked: the input was too small for so many kills."""
        return [part for part, wanted in self.wanted.items() if self.kills[part] < wanted]

    @property
    def holds(self) -> bool:
        return all(finding.holds for finding in self.findings) and not self.short_of


def run_undisturbed(storm: Storm, report: Report) -> tuple[Outcome, list[Finding]]:
    """The run that a storm is measured against; its outcome stays in ``out/undisturbed``."""
    out = storm.out / "undisturbed"
    out.mkdir(parents=True, exist_ok=True)
    stack = fresh_line(out / "stack", port_base=storm.port_base, report=report)
    with stack:
        demo = StormDemo(Place(stack, out), storm.input, Steps(report))
        outcome, findings = live_and_look(demo, storm.input, report)
    (out / "outcome.json").write_text(json.dumps(outcome))
    return outcome, findings


def run_disturbed(storm: Storm, undisturbed: Outcome | None, report: Report) -> Verdict:
    """The same input while parts are killed. Logs, kills and the verdict stay in ``out/disturbed``."""
    began = time.monotonic()
    out = storm.out / "disturbed"
    out.mkdir(parents=True, exist_ok=True)
    (out / "kills.jsonl").unlink(missing_ok=True)
    stack = fresh_line(
        out / "stack", port_base=storm.port_base, replicas=REPLICAS, environment=storm.environment(),
        quick_broker=storm.quick_broker, report=report,
    )  # fmt: skip
    with stack:
        steps = Steps(report)
        demo = StormDemo(Place(stack, out), storm.input, steps)
        nemesis = demo.nemesis = steps.nemesis = _nemesis(storm, stack, out, report)
        nemesis.until = time.monotonic() + storm.minutes * 60
        try:
            with nemesis:
                outcome, findings = live_and_look(demo, storm.input, report)
        finally:
            keep_logs(stack, out)
        if nemesis.trouble is not None:
            raise nemesis.trouble
    if undisturbed is not None:
        findings += compare(outcome, undisturbed)
    (out / "outcome.json").write_text(json.dumps(outcome))
    wanted = dict.fromkeys(PARTS, storm.kills) | {BANK: storm.bank_kills, BLACKOUT: storm.blackouts}
    return Verdict(
        findings, nemesis.counted(), nemesis.paused(), wanted, nemesis.died, time.monotonic() - began
    )


def live_and_look(demo: StormDemo, source: Path, report: Report) -> tuple[Outcome, list[Finding]]:
    place = demo.place
    demo.live()
    report("at rest; reading every topic, the bank's files and the 835s")
    audit = leave_behind(demo, posted_in(place.bootstrap))
    history = read_history(place.bootstrap, place.out, place.bank, audit)
    outcome = outcome_of(history)
    return outcome, [*check(history), compare_with_expected(outcome, source / "expected.jsonl")]


def _nemesis(storm: Storm, stack: LocalStack, out: Path, report: Report) -> Nemesis:
    plan = draw(storm.seed, storm.kills, storm.bank_kills, storm.pauses, storm.blackouts)
    gate = Gate()
    *feeding, later = (passes(storm.input, phase) for phase in PHASES)
    gate.expect(sum(feeding))
    inbox = stack.places.bank / "inbox"
    nemesis = Nemesis(
        stack, plan, gate, storm.breath_s, PAUSE_SESSIONS * storm.session_s, out / "kills.jsonl",
        lambda: any(inbox.glob("[!.]*")), report,
    )  # fmt: skip
    nemesis.later = later
    return nemesis
