"""`python -m stack up|down|status`: a stack that stays, for development and for fast repeated tests."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stack.errors import StackError
from stack.local_stack import INFRASTRUCTURE, WHOLE, LocalStack
from stack.settings import read_settings

DEFAULT_DIRECTORY = Path("var/stack")


def main() -> int:
    """Answers the exit code: 0, or 1 after one sentence that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("what", choices=["up", "down", "status"])
    parser.add_argument("--dir", type=Path, default=read_settings().directory or DEFAULT_DIRECTORY)
    parser.add_argument("--port-base", type=int, default=None)
    parser.add_argument("--only", choices=["infrastructure"], help="broker and database only")
    arguments = parser.parse_args()
    try:
        if arguments.what == "up":
            parts = INFRASTRUCTURE if arguments.only else WHOLE
            stack = LocalStack(arguments.dir, arguments.port_base, parts=parts, report=_say)
            _show(stack.start(detached=True))
        else:
            stack = LocalStack.attach(arguments.dir)
            if arguments.what == "down":
                stack.stop()
            else:
                _show(stack)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _show(stack: LocalStack) -> None:
    _say(
        f"Kafka {stack.kafka_bootstrap}, PostgreSQL 127.0.0.1:{stack.ports.postgres}, all in {stack.directory}"
    )
    for name, pid in stack.running().items():
        _say(f"  {name:14} pid {pid}")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
