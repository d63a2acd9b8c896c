"""One process of the stack: started in a group of its own, stopped with everything it started."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from stack.errors import StackError


@dataclass(frozen=True, slots=True)
class Running:
    """A process as it is remembered on disk: a pid alone may mean another process by now."""

    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """The process, or None where it has ended."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) > 1 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.Error:
            return None
        return process


def myself() -> Running:
    """The process that asks."""
    me = psutil.Process()
    return Running(me.pid, me.create_time())


class ManagedProcess:
    """A program that can be started, asked to stop, killed, paused and started again under the same name."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        directory: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_seconds: float = 20.0,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.env = dict(env)
        self.directory = directory
        self.stop_signal = stop_signal
        self.stop_seconds = stop_seconds
        self.running: Running | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> Running:
        """Starts it, its output appended to its log. Raises StackError where the program cannot be run."""
        with _append(self.log) as out:
            try:
                # A session of its own: Ctrl-C reaches the starter alone, which then stops the parts in order.
                self._child = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=self.env,
                    cwd=self.directory,
                    start_new_session=True,
                )
            except OSError as error:
                raise StackError(f"{self.name} could not be started: {error}.") from error
        self.running = Running(self._child.pid, psutil.Process(self._child.pid).create_time())
        return self.running

    def adopt(self, running: Running) -> None:
        """Takes over a process that somebody else started."""
        if running != self.running:
            self.running, self._child = running, None

    @property
    def pid(self) -> int | None:
        return self.running.pid if self.running and self.is_alive() else None

    def is_alive(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            return False
        return self.running is not None and self.running.process() is not None

    def wait(self) -> int:
        """Waits for the end of a process that ends by itself; answers its exit code."""
        assert self._child is not None
        return self._child.wait()

    def stop(self) -> None:
        """Asks it to stop, waits, and kills what is left of it and of what it started."""
        if self.running is not None:
            stop_running(self.running, self.stop_signal, self.stop_seconds)
        self._reap()

    def kill(self) -> None:
        """SIGKILL to it and to everything it started, as when a machine dies."""
        if self.running is not None:
            signal_tree(self.running, signal.SIGKILL)
            wait_gone(self.running, 10)
        self._reap()

    def pause(self) -> None:
        """SIGSTOP: it is there and does nothing, until `resume`."""
        if self.running is not None:
            signal_tree(self.running, signal.SIGSTOP)

    def resume(self) -> None:
        if self.running is not None:
            signal_tree(self.running, signal.SIGCONT)

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for the sentence that says it has failed."""
        try:
            text = self.log.read_text(errors="replace").strip()
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _reap(self) -> None:
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout=5)
        self._child = None
        self.running = None


def signal_tree(running: Running, number: signal.Signals) -> list[psutil.Process]:
    """Sends the signal to the process and all its descendants; answers those that it was sent to."""
    process = running.process()
    if process is None:
        return []
    reached = []
    for each in [process, *_descendants(process)]:
        with contextlib.suppress(psutil.Error):
            each.send_signal(number)
            reached.append(each)
    return reached


def wait_gone(running: Running, seconds: float) -> bool:
    """Waits until the process has ended; False where it still runs after that time."""
    deadline = time.monotonic() + seconds
    while running.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def stop_running(running: Running, stop_signal: signal.Signals, seconds: float) -> None:
    """Stops a process that may be another's child: asks, waits, kills, and kills its left-over descendants."""
    process = running.process()
    if process is None:
        return
    family = _descendants(process)
    with contextlib.suppress(psutil.Error):
        process.send_signal(signal.SIGCONT)  # a paused process would never hear the next one
        process.send_signal(stop_signal)
    if not wait_gone(running, seconds):
        signal_tree(running, signal.SIGKILL)
        wait_gone(running, 10)
    for left_over in family:
        with contextlib.suppress(psutil.Error):
            if left_over.is_running():
                left_over.kill()


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _append(log: Path) -> IO[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        raise StackError(
            f"The log {log} cannot be written ({error.strerror}): free space or name another place."
        ) from error
