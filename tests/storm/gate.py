"""Holds the input back: a few records at a time, so that there is work to interrupt until the last kill."""

from __future__ import annotations

import threading
from pathlib import Path

from throughline_cli.demo.reference import read_lines


class Gate:
    """Every record, call and file passes it. ``left``: how many more there are to let through, of those counted."""

    def __init__(self) -> None:
        self.left = 0
        self._permits = threading.Semaphore(0)
        self._open = threading.Event()

    def expect(self, count: int) -> None:
        self.left += count

    def pass_one(self) -> None:
        while not self._open.is_set():
            if self._permits.acquire(timeout=0.1):
                return

    def let(self, count: int) -> None:
        self.left -= min(count, self.left)
        self._permits.release(count)

    def open(self) -> None:
        self._open.set()


def passes(root: Path, phase: str) -> int:
    """How often a phase's input passes the gate: its records, calls and files."""
    folder = root / phase
    lines = [path for channel in ("kafka", "http") for path in (folder / channel).glob("*.jsonl")]
    files = [path for path in (folder / "files").glob("*/*") if path.is_file()]
    return sum(len(read_lines(path)) for path in lines) + len(files)
