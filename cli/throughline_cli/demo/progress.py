"""Progress bars of the demo: what is sent by which channel, and the steps."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from throughline_cli.demo.reference import read_lines


class Bars:
    """One bar for each channel while a phase is fed; one line for each step."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:44}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._channels: dict[str, TaskID] = {}
        self._step: TaskID | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *anything: object) -> None:
        self._progress.stop()

    def begin(self, what: str, totals: dict[str, int]) -> None:
        self.end()
        for channel, total in totals.items():
            if total:
                self._channels[channel] = self._progress.add_task(f"{what}: {channel}", total=total)

    def advance(self, channel: str, count: int) -> None:
        with self._lock:
            if channel in self._channels and count:
                self._progress.advance(self._channels[channel], count)

    def end(self) -> None:
        for task in self._channels.values():
            self._progress.remove_task(task)
        self._channels = {}

    def step(self, what: str) -> None:
        """What is waited for now."""
        if self._step is None:
            self._step = self._progress.add_task(what, total=None)
        self._progress.update(self._step, description=what)

    def done(self, what: str) -> None:
        """A finished step, left on the screen."""
        self.console.print(f"  [green]✓[/] {what}")


def totals_of(root: Path, phase: str) -> dict[str, int]:
    """How much a phase sends by each channel; claims of files are not counted before they are read."""
    totals: Counter[str] = Counter()
    for channel in ("kafka", "http"):
        for path in (root / phase / channel).glob("*.jsonl"):
            totals[channel] += len(read_lines(path))
    for path in (root / phase / "files").glob("*/*"):
        content = path.read_bytes()
        totals["files"] += content.count(b"CLM*") if content.startswith(b"ISA") else _csv_claims(content)
    return dict(totals)


def _csv_claims(content: bytes) -> int:
    first = [line.split(b",", 1)[0] for line in content.splitlines()[1:]]
    return len(set(first))


def save_json(path: Path, what: object) -> None:
    path.write_text(json.dumps(what, indent=1, default=str))
