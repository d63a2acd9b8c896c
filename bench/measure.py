"""What a machine spent: CPU seconds and memory of groups of processes, and the spread of repeated rounds."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

Groups = Mapping[str, Sequence[int]]
"""Root process ids by group name."""


def processes(roots: Sequence[int]) -> list[psutil.Process]:
    """The roots and everything below them that is still alive."""
    found = []
    for pid in roots:
        try:
            root = psutil.Process(pid)
            found += [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def cpu_seconds(groups: Groups) -> dict[str, float]:
    """User and system time so far, also of children that ended."""
    spent = {}
    for name, roots in groups.items():
        spent[name] = 0.0
        for process in processes(roots):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent[name] += times.user + times.system
            if name == "PostgreSQL":
                spent[name] += times.children_user + times.children_system
    return spent


class Busy:
    """How much of the machine something else took: what a figure is worth."""

    def __init__(self, groups: Groups) -> None:
        self._groups = dict(groups)
        self._before = self._now()

    def others_share(self) -> float:
        """Of all processor time since this was made, the part of processes that are neither measured nor the bench."""
        busy, measured, whole = (now - then for now, then in zip(self._now(), self._before, strict=True))
        return max(0.0, busy - measured) / whole

    def _now(self) -> tuple[float, float, float]:
        times = psutil.cpu_times()
        idle = times.idle + times.iowait
        own = psutil.Process().cpu_times()
        measured = sum(cpu_seconds(self._groups).values()) + own.user + own.system
        return (
            sum(times) - idle - times.guest - times.guest_nice,
            measured,
            sum(times) - times.guest - times.guest_nice,
        )


def rss_mb(roots: Sequence[int]) -> float:
    """Resident memory; what processes share (PostgreSQL's buffers) is divided among them."""
    total = 0
    for process in processes(roots):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


@dataclass(frozen=True)
class Spread:
    """The median of rounds, with the lowest and highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))

    def show(self, digits: int = 0) -> str:
        return f"{self.median:,.{digits}f} [{self.low:,.{digits}f}-{self.high:,.{digits}f}]"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> str:
    """One line: processor, cores, memory, Python, date."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{model}, {psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )
