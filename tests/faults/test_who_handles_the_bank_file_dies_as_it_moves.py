"""Payout is killed while it writes a file for the bank, the bank between taking the file and its first answer.

Each is stopped at that very point before it is struck. Both replicas of payout die between the last byte of the part
and the recorded intent; the bank dies with the file in its hands. After that whoever is seen writing is struck, as
chance has it: before or after the intent, between two answers. Every entry is collected once, and all ends as expected.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

import asyncpg
import pytest
from tests.storm.line import Steps, StormDemo, fresh_line
from tests.storm.plan import BANK
from tests.storm.run import STATIC, live_and_look, session_of
from tests.storm.short_input import write_short_sample

from stack import LocalStack
from stack.ports import find_free_base
from throughline_cli.demo.place import Place

PAYOUT = ("payout-1", "payout-2")
TIMES = 3
"""So often for each file; then it may pass."""
PATIENCE_S = 120.0
GATE = """
create function hold_the_intent() returns trigger language plpgsql as
    'begin perform pg_advisory_xact_lock(1701); return new; end';
create trigger hold_the_intent before update on batches for each row
    when (old.state = 'built' and new.state = 'intended') execute function hold_the_intent();
select pg_advisory_lock(1701)
"""
AT_THE_GATE = "select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = 1701 and not granted"


class Ambush:
    """A thread beside the demo: from the cutoff on it lies in wait, first for payout, then for the bank."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._bank = stack.places.bank
        self._cutoff = threading.Event()
        self._laid = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ambush", daemon=True)
        self._seen: set[str] = set()
        self.struck: Counter[str] = Counter()
        """Strikes at the point in wait, by part, and at other writes, by file."""
        self.trouble: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *anything: object) -> None:
        self._stop.set()
        self._cutoff.set()
        self._thread.join(60)

    def lay(self) -> None:
        """Before the clock passes the cutoff. Returns when nobody can pass unseen."""
        if not self._cutoff.is_set():
            self._cutoff.set()
            assert self._laid.wait(PATIENCE_S), self.trouble

    def _run(self) -> None:
        try:
            self._cutoff.wait()
            with asyncio.Runner() as runner:
                gate = runner.run(self._close_gate())
                self._stack.pause(BANK)
                self._laid.set()
                self._until(lambda: bool(runner.run(gate.fetchval(AT_THE_GATE))))
                assert list((self._bank / "inbox").glob("*.part")), "the part stands, its intent does not"
                self._strike("payout", PAYOUT)
                runner.run(gate.close())
            self._ambush_bank()
            while not self._stop.is_set():
                self._strike_who_writes()
                time.sleep(0.0005)
        except BaseException as error:
            self.trouble = error
        finally:
            self._stack.resume(BANK)

    async def _close_gate(self) -> asyncpg.Connection:
        """Who records the intent to send waits, with the part written."""
        gate = await asyncpg.connect(self._stack.database_url("payout"))
        await gate.execute(GATE)
        return gate

    def _ambush_bank(self) -> None:
        """It takes the file, and its first answer is a pipe that nobody reads: there it stays until it is struck."""
        self._until(lambda: any((self._bank / "inbox").glob("*.ach")))
        (file,) = (self._bank / "inbox").glob("*.ach")
        answer = self._bank / "outbox" / f".ack-000001-{file.name}.json.part"
        os.mkfifo(answer)
        self._stack.resume(BANK)
        self._until((self._bank / "collected" / file.name).exists)
        self._stack.kill(BANK)
        answer.unlink()
        assert not list((self._bank / "outbox").glob("ack-*")), "it had answered"
        self._stack.start_part(BANK, wait=False)
        self.struck[BANK] += 1

    def _strike_who_writes(self) -> None:
        for part in (self._bank / "inbox").glob("*.part"):
            if part.name not in self._seen:  # it stays until it is renamed, perhaps by the next process
                self._seen.add(part.name)
                self._strike(part.name.rsplit(".", 2)[0], PAYOUT)
        for part in (self._bank / "outbox").glob(".*.part"):
            self._strike(part.name, (BANK,))

    def _strike(self, name: str, processes: tuple[str, ...]) -> None:
        if self.struck[name] >= TIMES:
            return
        self.struck[name] += 1
        for process in processes:
            self._stack.kill(process)
        for process in processes:
            self._stack.start_part(process, wait=False)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline and not self._stop.is_set(), "nobody came"
            time.sleep(0.001)


class AtTheCutoff(Steps):
    """Tells the ambush that the clock is about to move for the first time."""

    def __init__(self, ambush: Ambush) -> None:
        super().__init__(print)
        self._ambush = ambush

    def step(self, what: str) -> None:
        if what.startswith("clock"):
            self._ambush.lay()
        super().step(what)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_who_handles_the_bank_file_dies_as_it_moves(tmp_path: Path) -> None:
    source = tmp_path / "input"
    write_short_sample(source, seed=5)
    stack = fresh_line(
        tmp_path / "stack", port_base=find_free_base(), replicas={"payout": 2}, quick_broker=True,
        environment={"*": session_of(3), "payout": STATIC},
    )  # fmt: skip
    with stack, Ambush(stack) as ambush:
        demo = StormDemo(Place(stack, tmp_path), source, AtTheCutoff(ambush))
        _, findings = live_and_look(demo, source, print)
    assert ambush.trouble is None, ambush.trouble
    assert [one for finding in findings for one in finding.objections] == []
    assert ambush.struck["payout"] == ambush.struck[BANK] == 1, ambush.struck
