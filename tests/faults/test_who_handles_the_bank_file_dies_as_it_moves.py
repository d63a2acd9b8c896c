"""Payout is killed whenever it is writing a file for the bank, the bank whenever it is writing an answer.

Both replicas of payout die between the first byte of the part and the rename, before or after the intent is recorded,
as chance has it; the bank dies between two answers. Every entry is collected once, and all ends as expected.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.storm.line import Steps, StormDemo, fresh_line
from tests.storm.run import STATIC, live_and_look, session_of
from tests.storm.short_input import write_short_sample

from stack import LocalStack
from stack.ports import find_free_base
from throughline_cli.demo.place import Place

TIMES = 3
"""So often for each file; then it may pass."""


class Ambush:
    """Watches the bank's folders for files that are being written, and kills whoever writes."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._bank = stack.places.bank
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="ambush", daemon=True)
        self._seen: set[str] = set()
        self.struck: Counter[str] = Counter()

    def __enter__(self) -> Ambush:
        self._thread.start()
        return self

    def __exit__(self, *anything: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _watch(self) -> None:
        while not self._stop.is_set():
            for part in (self._bank / "inbox").glob("*.part"):
                if part.name not in self._seen:  # it stays until it is renamed, perhaps by the next process
                    self._seen.add(part.name)
                    self._strike(part.name.rsplit(".", 2)[0], ("payout-1", "payout-2"))
            for part in (self._bank / "outbox").glob(".*.part"):
                self._strike(part.name, ("bank",))
            time.sleep(0.0005)

    def _strike(self, name: str, processes: tuple[str, ...]) -> None:
        if self.struck[name] >= TIMES:
            return
        self.struck[name] += 1
        for process in processes:
            self._stack.kill(process)
        for process in processes:
            self._stack.start_part(process, wait=False)


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
        _, findings = live_and_look(StormDemo(Place(stack, tmp_path), source, Steps(print)), source, print)
    assert [one for finding in findings for one in finding.objections] == []
    # Which of the two is met at work is chance; payout's deaths are met one by one in its own test_delivery.
    assert sum(ambush.struck.values()) >= 2, ambush.struck
