"""Kills processes at seeded moments, only while they have work in hand, and starts them again at once."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

from stack import LocalStack
from stack.errors import StackError
from stack.services import readiness
from tests.storm.gate import Gate
from tests.storm.in_flight import Gauge, InFlight
from tests.storm.plan import BANK, BLACKOUT, Blow, Plan
from throughline.flow import SERVICES

SEEN_WITHIN_S = 1.0
"""How long the victims of a round are watched for work; then one of them is ambushed."""
AMBUSH_S = 2.0
"""How long a service is held for work to pile up before it. Shorter than the session."""
BURST_SHARE = 1.5
"""Bursts of records for each kill: not every burst meets a victim."""
BACKLOG = 3
"""Bursts that may wait in the line before no more is let through."""
BANK_HELD_S = 30.0
"""How long the bank is held at the cutoff for a file to come."""
LET_EVERY_S = 0.3
"""Records need that long to be seen as somebody's work."""
PAUSED = 0.2
"""The share of turns that freeze a part as well, while pauses are left."""
AT_ONCE = 0.12
"""The share of kills that take the next victim with them."""


class Nemesis:
    """A thread beside the demo. ``gate`` paces the demo's feeders; ``when`` is told by the demo."""

    def __init__(
        self,
        stack: LocalStack,
        plan: Plan,
        gate: Gate,
        breath_s: float,
        pause_s: float,
        log: Path,
        bank_is_busy: Callable[[], bool],
        report: Callable[[str], None],
    ) -> None:
        self.gate = gate
        self.until = float("inf")
        """By time.monotonic(): from then on nothing is hit any more, and the rest of the input goes through."""
        self.later = 0
        """How much of the input comes in the days."""
        self.when = "start"
        self.blows: list[Blow] = []
        self.died: list[str] = []
        """Parts that ended by themselves, with their last words, and were started again."""
        self.trouble: BaseException | None = None
        self._stack, self._plan, self._random = stack, plan, plan.random
        self._breath_s, self._pause_s, self._log = breath_s, pause_s, log
        self._bank_is_busy, self._report = bank_is_busy, report
        self._asked = plan.left()
        self._missed: Counter[str] = Counter()
        """How often in a row an ambush was in vain."""
        self._let_at = 0.0
        self._fallen: Counter[tuple[str, str]] = Counter()
        """Kills of each part within a phase or a step of the clock."""
        self._of_days = Counter(plan.days)
        self._bank_held_until: float | None = None
        self._thaws: list[tuple[float, str]] = []
        self._began = time.monotonic()
        self._begun = False
        self._feeding = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nemesis", daemon=True)

    # What the demo tells.

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *anything: object) -> None:
        self.calm()

    def feed_begins(self) -> None:
        self._begun = self._feeding = True

    def feed_ends(self) -> None:
        self._feeding = False

    def days_begin(self) -> None:
        """From now on the victims of the days; what feeding has left over joins them."""
        if not self._plan.living:
            if BANK in self._plan.days:
                self._stack.pause(BANK)
                self._bank_held_until = time.monotonic() + BANK_HELD_S
            self._plan.begin_days()
            self.gate.expect(self.later)

    def calm(self) -> None:
        """No more kills; every part runs when this returns."""
        self._stop.set()
        self.gate.open()
        if self._thread.is_alive():
            self._thread.join(120)
        self._thaw(everything=True)
        self._stack.resume(BANK)
        self._revive()

    def counted(self) -> Counter[str]:
        """Kills by part."""
        return Counter(blow.part for blow in self.blows if blow.how == "kill")

    def paused(self) -> Counter[str]:
        return Counter(blow.part for blow in self.blows if blow.how == "pause")

    # The thread.

    def _run(self) -> None:
        try:
            with Gauge(self._stack) as gauge:
                while not self._stop.is_set():
                    self._turn(gauge)
        except BaseException as error:
            self.trouble = error
            self._report(f"the nemesis gave up: {error!r}")
            self.gate.open()

    def _turn(self, gauge: Gauge) -> None:
        self._thaw()
        self._revive()
        if not self._begun:
            self._stop.wait(0.1)
            return
        victims = self._plan.round()
        if not victims or time.monotonic() > self.until:
            if not self._plan.living or victims:
                self.gate.open()
            self._stop.wait(0.2)
            return
        self._let_through(gauge)
        if self._bank_held_until is not None:
            self._ambush_bank(gauge)
        if self._plan.pauses and not self._thaws and self._random.random() < PAUSED:
            self._pause(gauge, self._plan.pauses[0])
        struck = self._strike_one_of(gauge, victims)
        if struck is None:
            return
        victims.remove(struck)
        if victims and self._random.random() < AT_ONCE:
            other = self._fit_process(victims[0])
            if other is not None and self._strike(gauge, victims[0], other, with_another=True):
                victims.pop(0)
        self._stop.wait(self._random.uniform(0.3, 1.7) * self._breath_s)

    def _let_through(self, gauge: Gauge) -> None:
        """A burst of records, where not much waits in the line: work for the next victim.

        The input is shared out among the kills to come. While broker or database is away nothing is let through.
        """
        now = time.monotonic()
        if not self._feeding or now - self._let_at < LET_EVERY_S:
            return
        burst = max(1, int(self.gate.left / (self._plan.left_now() * BURST_SHARE)))
        found = [gauge.measure(service) for service in SERVICES]
        if all(one is not None for one in found):
            behind = sum(one.lag for one in found if one is not None)
            if behind < BACKLOG * burst:
                self.gate.let(burst)
                self._let_at = now

    def _strike_one_of(self, gauge: Gauge, victims: list[str]) -> str | None:
        """Watch for the first of them that works, wait a little more, and kill it if it still does."""
        deadline = time.monotonic() + SEEN_WITHIN_S
        while time.monotonic() < deadline and not self._stop.is_set():
            for part in victims:
                process = None if self._had_its_share(part) else self._fit_process(part)
                if process is not None and self._work_of(gauge, part):
                    time.sleep(self._random.uniform(0, 0.12))
                    if self._strike(gauge, part, process, with_another=False):
                        return part
            time.sleep(0.02)
        services = [part for part in victims if part in SERVICES and not self._had_its_share(part)]
        if services and (self._feeding or self._plan.living):
            part = services[0] if self._feeding else self._random.choice(services)
            if self._ambush(gauge, part):
                return part
        return None

    def _ambush(self, gauge: Gauge, part: str) -> bool:
        """Hold a service still until work has piled up before it, let it go, and strike while it works that off.

        Where it was too quick the last time, it is struck as it is held: with all of that work in flight.
        """
        process = self._fit_process(part)
        held = [name for name in self._stack.running() if name.startswith(f"{part}-")]
        if process is None or self._frozen():
            return False
        for name in held:
            self._stack.pause(name)
        try:
            deadline = time.monotonic() + AMBUSH_S
            while not gauge.measure(part) and time.monotonic() < deadline and not self._stop.is_set():
                self._let_through(gauge)
                time.sleep(0.02)
            if self._missed[part] and self._strike(gauge, part, process, with_another=False):
                return True
        finally:
            for name in held:
                self._stack.resume(name)
        time.sleep(self._random.uniform(0, 0.05))
        struck = self._strike(gauge, part, process, with_another=False)
        self._missed[part] = 0 if struck else self._missed[part] + 1
        return struck

    def _ambush_bank(self, gauge: Gauge) -> None:
        """It is held from the cutoff on until a file lies before it, and struck as it turns to that."""
        assert self._bank_held_until is not None
        if not self._bank_is_busy() and time.monotonic() < self._bank_held_until:
            return
        self._bank_held_until = None
        self._stack.resume(BANK)
        time.sleep(self._random.uniform(0, 0.1))
        if self._strike(gauge, BANK, BANK, with_another=False):
            self._plan.days.remove(BANK)

    def _had_its_share(self, part: str) -> bool:
        """In the days: a third of a part's kills in one step of the clock, so that they meet all kinds of work."""
        return self._plan.living and self._fallen[self.when, part] * 3 >= max(3, self._of_days[part])

    def _fit_process(self, part: str) -> str | None:
        """One of a service's processes that runs; for its first kill and in the days, one that is ready.

        The bank is left to its ambush while it is held for that.
        """
        if part == BLACKOUT:
            return part
        if part == BANK and self._bank_held_until is not None:
            return None
        if part not in SERVICES:
            return part if part in self._stack.running() else None
        replica = self._random.choice((1, 2))
        process = f"{part}-{replica}"
        if process not in self._stack.running() or process in self._frozen():
            return None
        must_be_ready = self._plan.living or not self.counted()[part]
        return process if not must_be_ready or readiness(self._stack.http_url(part, replica))() else None

    def _strike(self, gauge: Gauge, part: str, process: str, *, with_another: bool) -> bool:
        found = self._kill_frozen(gauge, part, process) if part in SERVICES else self._kill(gauge, part)
        if found is None:
            return False
        self._note("kill", part, process, found, with_another)
        self._fallen[self.when, part] += 1
        return True

    def _pause(self, gauge: Gauge, part: str) -> None:
        """Freeze a working part; the kills go on, and it wakes up when its partitions are another's."""
        process = f"{part}-{self._random.choice((1, 2))}" if part in SERVICES else part
        found = self._work_of(gauge, part)
        if not found or process not in self._stack.running():
            return
        self._stack.pause(process)
        self._thaws.append((time.monotonic() + self._pause_s, process))
        self._plan.pauses.pop(0)
        self._note("pause", part, process, found, False)

    def _frozen(self) -> set[str]:
        return {process for _, process in self._thaws}

    def _thaw(self, *, everything: bool = False) -> None:
        now = time.monotonic()
        for at, process in list(self._thaws):
            if everything or at <= now:
                self._thaws.remove((at, process))
                self._stack.resume(process)

    def _work_of(self, gauge: Gauge, part: str) -> InFlight | None:
        """Of a service its own; of broker and database that of any service; of the bank what lies in its drop."""
        if part == BANK:
            return InFlight(1, 0) if self._bank_is_busy() else InFlight(0, 0)
        for service in (part,) if part in SERVICES else SERVICES:
            found = gauge.measure(service)
            if found and (part in SERVICES or not self._plan.living or self._is_well(service)):
                return found
        return None

    def _is_well(self, service: str) -> bool:
        return any(readiness(self._stack.http_url(service, replica))() for replica in (1, 2))

    def _kill_frozen(self, gauge: Gauge, part: str, process: str) -> InFlight | None:
        """Freeze, measure, kill: what is measured is what was in flight at that moment."""
        self._stack.pause(process)
        found = gauge.measure(part)
        if not found:
            self._stack.resume(process)
            return None
        self._stack.kill(process)
        self._stack.start_part(process, wait=False)
        return found

    def _kill(self, gauge: Gauge, part: str) -> InFlight | None:
        """Broker and database can't be asked once they are frozen."""
        found = self._work_of(gauge, part)
        if not found:
            return None
        struck = list(self._stack.processes) if part == BLACKOUT else [part]
        for name in struck:
            self._stack.kill(name)
        for name in struck:
            self._stack.start_part(name, wait=False)
        return found

    def _note(self, how: str, part: str, process: str, found: InFlight, with_another: bool) -> None:
        second = round(time.monotonic() - self._began, 2)
        number = len(self.blows) + 1
        blow = Blow(number, how, part, process, self.when, second, found.lag, found.packs, with_another)
        self.blows.append(blow)
        with self._log.open("a") as log:
            log.write(json.dumps(blow.as_line()) + "\n")
        done, wanted = sum(self.counted().values()), self._asked
        did = "killed" if how == "kill" else "froze"
        self._report(
            f"{self.when}: {did} {process} with {found.lag} records and {found.packs} packs in flight "
            f"({done} of {wanted} kills)"
        )

    def _revive(self) -> None:
        """What ended by itself, because broker or database was away as it started, is started again."""
        running = self._stack.running()
        for name, process in self._stack.processes.items():
            if name not in running:
                self.died.append(f"{name} ended by itself in {self.when}: {process.last_words(1)[-400:]}")
                with contextlib.suppress(StackError):
                    self._stack.start_part(name, wait=False)
