"""`throughline demo`: the main job from its first request to the last remittance, with its own verdict."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from sample_input.feed import PHASES
from sample_input.generate import REQUESTS, write_sample

from stack import Stack, StackError, new_stack, running_stack
from stack.provider_people import BILLER, PROVIDER, act_for
from throughline.answers import RequestAnswered
from throughline.message import Message
from throughline.reference import ProviderRecorded
from throughline_cli.clock import start_clock
from throughline_cli.demo import reviewing
from throughline_cli.demo.days import START, Days
from throughline_cli.demo.feeding import Feeder
from throughline_cli.demo.judge import Outcome, judge
from throughline_cli.demo.own_input import OwnInput, lay_out
from throughline_cli.demo.place import Place
from throughline_cli.demo.progress import Bars, totals_of
from throughline_cli.demo.reference import (
    KEYS,
    enrol,
    publish,
    publish_partners,
    read_lines,
    read_messages,
    sealing_key,
)
from throughline_cli.demo.rest import Rest
from throughline_cli.demo.sent import SentLog
from throughline_cli.speaking import Speaker
from throughline_cli.witness import Witness

WORDS = dict(
    zip(
        PHASES,
        (
            "requests by Kafka, HTTP and files",
            "repeats, corrections and voids",
            "edits that reviewers asked for",
            "changes after the payment",
        ),
        strict=True,
    )
)
"""What each phase brings, for people."""


@dataclass
class Demo:
    """One run on a stack that was just started. ``root`` is a folder as `sample_input` writes it."""

    place: Place
    root: Path
    bars: Bars
    sent: SentLog = field(default_factory=SentLog)
    own: OwnInput | None = None

    def run(self) -> Outcome:
        began = time.monotonic()
        with Witness(self.place.bootstrap) as witness:
            rest = Rest(self.place, witness)
            rest.stops_at_the_dead = True
            try:
                self._live(witness, rest)
                seconds = time.monotonic() - began
                self.bars.step("exporting and verifying")
                return judge(self.place, self.root, witness, self.sent, self.own, seconds)
            finally:
                rest.close()

    def _live(self, witness: Witness, rest: Rest) -> None:
        bars = self.bars
        self._reference(witness, rest)
        for phase in PHASES[:2]:
            self._feed(phase, witness, rest)
        script = read_lines(self.root / "reviews.jsonl")
        for round_ in sorted({line["round"] for line in script}):
            count = reviewing.decide(self.place, script, round_, witness.records())
            rest.wait(bars.step)
            bars.done(f"{count} decisions of reviewers")
        self._enrol("later")
        self._feed(PHASES[2], witness, rest)
        days = Days(self.place, witness, rest, bars.step)
        sent = days.close_the_window()
        came_of_it = "the file was collected and acknowledged" if sent else "with nothing to pay"
        bars.done(f"cutoff: the window closed, {came_of_it}")
        self._feed(PHASES[3], witness, rest)
        days.live_until_settled()
        if sent:
            bars.done("settled, and remittances posted")
        days.live_to_the_end()
        bars.done("late settlements and returns have come" if sent else "the days after it have passed")

    def _reference(self, witness: Witness, rest: Rest) -> None:
        folder = self.root / "reference"
        counted = 0
        with Speaker(self.place.bootstrap) as speaker:
            publish_partners(self.place.stack, speaker, read_messages(folder, "partners"))
            for entity in KEYS:
                if entity != "partners":
                    messages = read_messages(folder, entity)
                    publish(speaker, entity, messages)
                    counted += len(messages)
                if entity == "providers":
                    self._act_for(messages)
        rest.wait(self.bars.step)
        self._enrol("first")
        rest.wait(self.bars.step)
        heard = f"{counted} pieces of reference data heard, accounts enrolled under seal"
        self.bars.done(heard if counted else "no reference data beside the files: nobody can be paid")

    def _act_for(self, providers: list[Message]) -> None:
        """The sandbox's biller bills for everybody here, its provider for the first."""
        payees = [one.payee_id for one in providers if isinstance(one, ProviderRecorded)]
        people = self.place.stack.places.people
        act_for(self.place.bootstrap, people, BILLER, payees)
        act_for(self.place.bootstrap, people, PROVIDER, payees[:1])

    def _enrol(self, when: str) -> None:
        key = sealing_key(self.place.stack.places.keys)
        with Speaker(self.place.bootstrap, self.place.signers) as speaker:
            for payee in read_lines(self.root / "reference" / "payees.jsonl"):
                if payee.get("enrol", "first") == when:
                    enrol(speaker, payee, key)

    def _feed(self, phase: str, witness: Witness, rest: Rest) -> None:
        totals = totals_of(self.root, phase)
        if not totals:
            return
        keys = {
            line["partner"]: line["api_key"]
            for line in read_lines(self.root / "reference" / "api-keys.jsonl")
        }
        self.bars.begin(WORDS[phase], totals)
        began = time.monotonic()
        self._feeder(keys).feed(self.root, phase)
        self.bars.end()
        rest.until(lambda: self._all_answered(witness), "every record to be answered")
        rest.wait(self.bars.step)
        count = sum(totals.values())
        self.bars.done(f"{WORDS[phase]}: {count:,} sent and handled in {time.monotonic() - began:.1f} s")

    def _feeder(self, keys: dict[str, str]) -> Feeder:
        return Feeder(self.place.bootstrap, self.place.url("intake"), keys, self.sent, self.bars.advance)

    def _all_answered(self, witness: Witness) -> bool:
        """A new partner's topic is subscribed to within seconds; until then nobody lags behind it."""
        answered = {
            (at.topic, at.partition, at.offset)
            for record in witness.records()
            if isinstance(record.message, RequestAnswered) and (at := record.message.coordinates) is not None
        }
        return self.sent.records.keys() <= answered


def prepare_sample(out: Path, seed: int, requests: int = REQUESTS) -> Path:
    root = out / "input"
    shutil.rmtree(root, ignore_errors=True)
    write_sample(root, seed, requests)
    return root


def prepare_own(source: Path, out: Path) -> OwnInput:
    return lay_out(source, out / "input")


def fresh_stack(out: Path, **options: object) -> Stack:
    """A stack that knows nothing yet, its clock at the demo's Monday. Not started."""
    directory = out / "stack"
    with contextlib.suppress(StackError):
        running_stack(directory).stop()
    if directory.exists():
        shutil.rmtree(directory)
    stack = new_stack(directory, **options)  # type: ignore[arg-type]
    start_clock(stack.places.clock, START)
    return stack
