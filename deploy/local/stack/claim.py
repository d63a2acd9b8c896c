"""One starter per directory: the lock, the room on the disk, and what an earlier run left behind."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import signal
from pathlib import Path
from typing import IO

import psutil

from stack.compose_project import ComposeProject
from stack.errors import StackError
from stack.process import Running, stop_running
from stack.run_file import Run, forget_run, read_run
from stack.settings import MARK

_FREE_BYTES_NEEDED = 1_000_000_000
_STOP_SECONDS = 5


class Claim:
    """The right to run a stack in a directory. Held by an open file, so it ends with its holder whatever happens."""

    def __init__(self, directory: Path) -> None:
        """Raises StackError where the directory cannot be used, is too full, or is used by another starter."""
        self._directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock: IO[str] = (directory / "lock").open("w")
        except OSError as error:
            raise StackError(
                f"The stack's directory {directory} cannot be used ({error.strerror}): name another one."
            ) from error
        try:
            _require_room(directory)
            self._lock_or_refuse()
            self._clear_up()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        self._lock.close()

    def _lock_or_refuse(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            earlier = read_run(self._directory)
            owner = f" by process {earlier.owner.pid}" if earlier else ""
            raise StackError(
                f"The stack in {self._directory} is already run{owner}: stop that, or name another directory."
            ) from error

    def _clear_up(self) -> None:
        earlier = read_run(self._directory)
        if earlier is not None and earlier.detached and earlier.any_alive(self._directory):
            raise StackError(
                f"The stack in {self._directory} is up already: use it, or stop it with 'make down' first."
            )
        stop_everything(self._directory, earlier)
        forget_run(self._directory)


def stop_everything(directory: Path, run: Run | None) -> None:
    """Stops what a run wrote down, the last started first, then whatever else carries the stack's mark."""
    if run is not None and run.project:
        ComposeProject(directory).remove(data=not run.detached)
    if run is not None and run.keeper is not None:
        stop_running(run.keeper, signal.SIGTERM, _STOP_SECONDS)
    for running in reversed(run.processes.values()) if run is not None else ():
        stop_running(running, signal.SIGTERM, _STOP_SECONDS)
    for running in _marked(directory):
        stop_running(running, signal.SIGTERM, _STOP_SECONDS)


def _marked(directory: Path) -> list[Running]:
    """Processes started for this stack, also those that died parents had no time to write down."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(directory):
                found.append(Running(process.pid, process.create_time()))
    return found


def _require_room(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < _FREE_BYTES_NEEDED:
        raise StackError(
            f"Only {free // 1_000_000} MB are free in {directory} and a stack needs "
            f"{_FREE_BYTES_NEEDED // 1_000_000}: free some space or name a directory on another disk."
        )
