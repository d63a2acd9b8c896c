"""`python -m sandbox_bank run`: the bank as a process, until SIGTERM."""

import signal
import sys
import threading

from sandbox_bank.bank import AnotherBank, Bank
from sandbox_bank.settings import Settings


def main() -> int:
    if sys.argv[1:] not in ([], ["run"]):
        sys.stderr.write("usage: python -m sandbox_bank run\n")
        return 2
    settings = Settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        bank = Bank(settings)
    except AnotherBank as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    try:
        while not stop.is_set():
            bank.tick()
            stop.wait(settings.poll_seconds)
    finally:
        bank.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
