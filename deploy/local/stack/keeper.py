"""Starts again what has ended of a stack that was left running: `python -m stack.keeper DIRECTORY RUN_ID`.

As a container's restart policy does: a service that ended because the broker or the database was away when it started,
or that was killed from outside, comes back, after a pause that grows as long as it ends again at once. What somebody
stops by `stop_part` or `kill` stays stopped. It ends with its run, and is stopped first when the stack is.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stack.errors import StackError
from stack.local_stack import LocalStack
from stack.run_file import read_run

LOOK_EVERY_S = 1.0
PAUSE_S_MIN, PAUSE_S_MAX = 1.0, 30.0
SETTLED_AFTER_S = 60.0
"""Who ran that long has started well: the next pause is the shortest again."""


@dataclass(slots=True)
class Pause:
    """When one part may be started again, and how long the pause after that is. Times in seconds of one clock."""

    until: float = 0.0
    length: float = PAUSE_S_MIN

    def may_start(self, now: float) -> bool:
        return now >= self.until

    def started(self, now: float) -> None:
        """Doubles the pause, up to PAUSE_S_MAX; begins anew where the part had run for SETTLED_AFTER_S."""
        if now - self.until > SETTLED_AFTER_S:
            self.length = PAUSE_S_MIN
        self.until = now + self.length
        self.length = min(2 * self.length, PAUSE_S_MAX)


def main(directory: Path, run_id: str) -> None:
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    stack = LocalStack.attach(directory)
    pauses = {name: Pause() for name in stack.processes}
    while (run := read_run(directory)) is not None and run.id == run_id:
        stack.take_over(run)
        for name in stack.processes:
            ended = name in run.processes and run.processes[name].process() is None
            if ended and pauses[name].may_start(time.monotonic()):
                pauses[name].started(time.monotonic())
                _start_again(stack, name)
        time.sleep(LOOK_EVERY_S)


def _start_again(stack: LocalStack, name: str) -> None:
    try:
        stack.start_part(name, wait=False)
        outcome = "was started again"
    except (StackError, OSError) as error:  # a full disk, most likely: tried again after the pause
        outcome = f"could not be started again: {error}"
    with contextlib.suppress(OSError):
        print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {name} had ended and {outcome}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
