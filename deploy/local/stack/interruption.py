"""How a starter ends: SIGTERM unwinds it like Ctrl-C, stopping is not interrupted, a watchdog or keeper outlives it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from stack.process import ManagedProcess, Running
from stack.settings import inherited_environment


@contextlib.contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """Lets SIGTERM raise SystemExit in the main thread, so that everything opened is closed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds Ctrl-C and SIGTERM back: a second one must not leave half of a stack running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)


class Watchdog:
    """The process that stops the stack when its starter dies without a word."""

    def __init__(self, directory: Path, run_id: str, env: Mapping[str, str] | None = None) -> None:
        """`env`: what stopping needs from the environment, where that is more than every process gets."""
        # Without the stack's mark in its environment: it would stop itself.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stack.watchdog", str(directory), run_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=inherited_environment() | dict(env or {}),
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Tells it that the starter has stopped everything itself, and waits for its end."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(b".")


def start_keeper(directory: Path, run_id: str) -> Running:
    """Starts ended parts of a detached stack again (keeper.py); its log is `logs/keeper.log`. Raises StackError."""
    return ManagedProcess(
        "keeper",
        [sys.executable, "-m", "stack.keeper", str(directory), run_id],
        log=directory / "logs" / "keeper.log",
        env=inherited_environment(),  # without the stack's mark: it is none of its parts
        directory=directory,
    ).start()
