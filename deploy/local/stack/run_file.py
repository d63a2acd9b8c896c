"""What a stack remembers on disk about its run, so that a later start, `down` or the watchdog finds every process."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stack.compose_project import ComposeProject
from stack.errors import StackError
from stack.process import Running


@dataclass(slots=True)
class Run:
    """One run of a stack: who started it, with what, and which processes belong to it."""

    id: str
    owner: Running
    detached: bool
    port_base: int
    replicas: dict[str, int]
    partners: list[str]
    parts: list[str] = field(default_factory=list)
    environment: dict[str, dict[str, str]] = field(default_factory=dict)
    processes: dict[str, Running] = field(default_factory=dict)
    project: str = ""
    """The compose project, of a stack in containers."""
    keeper: Running | None = None
    """The process that starts parts again, of a detached stack of processes."""

    def any_alive(self, directory: Path) -> bool:
        if self.project:
            return bool(ComposeProject(directory).running())
        remembered = [*self.processes.values(), *([self.keeper] if self.keeper else [])]
        return any(running.process() is not None for running in remembered)


def write_run(directory: Path, run: Run) -> None:
    """Replaces the file in one step: a reader sees the old run or the new one."""
    scratch = directory / ".run.json"
    scratch.write_text(json.dumps(asdict(run), indent=1))
    os.replace(scratch, directory / "run.json")


def read_run(directory: Path) -> Run | None:
    """The last run, or None where there is none (or nothing readable: a file of another release)."""
    try:
        raw = json.loads((directory / "run.json").read_text())
        raw["owner"] = Running(**raw["owner"])
        raw["keeper"] = Running(**raw["keeper"]) if raw.get("keeper") else None
        raw["processes"] = {name: Running(**running) for name, running in raw["processes"].items()}
        return Run(**raw)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def running_run(directory: Path, *, in_containers: bool) -> Run:
    """The run of a stack that is up. Raises StackError where none of that kind is."""
    run = read_run(directory)
    if run is None or bool(run.project) != in_containers or not run.any_alive(directory):
        raise StackError(f"No stack is running in {directory}: start one with 'make up'.")
    return run


def forget_run(directory: Path) -> None:
    (directory / "run.json").unlink(missing_ok=True)
