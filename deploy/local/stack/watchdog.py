"""Stops a stack whose starter died without stopping it: `python -m stack.watchdog DIRECTORY RUN_ID`.

The starter holds the other end of its standard input, a pipe. The starter's last word is one byte; an end of the pipe
without it means that the starter is dead.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from stack.claim import stop_everything
from stack.run_file import forget_run, read_run


def main(directory: Path, run_id: str) -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    if sys.stdin.buffer.read(1):
        return
    run = read_run(directory)
    if run is None or run.id != run_id:
        return  # stopped, or a later start has already cleared up
    stop_everything(directory, run)
    latest = read_run(directory)
    if latest is not None and latest.id == run_id:
        forget_run(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
