"""`python -m stack up|down|status`: a stack that stays. `prepare`: what a stack in containers needs first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from stack.choice import Stack, new_stack, running_stack
from stack.errors import StackError
from stack.keys import PORTAL_SIGNING_KEY, ensure_intake_keys, ensure_keys, ensure_portal_keys
from stack.local_stack import INFRASTRUCTURE, LocalStack
from stack.people import ensure_people, record_people
from stack.provider_people import ensure_provider_people, record_provider_people
from stack.services import ensure_clock
from stack.settings import read_settings
from stack.topics import ensure_flow_topics

DEFAULT_DIRECTORY = Path("var/stack")


def main() -> int:
    """Answers the exit code: 0, or 1 after one sentence that says what is wrong."""
    try:
        arguments = _parser().parse_args()
        arguments.run(arguments)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        added.set_defaults(run=run)
        return added

    up = command("up", _up)
    up.add_argument("--port-base", type=int, default=None)
    up.add_argument("--only", choices=["infrastructure"], help="broker and database only")
    for added in (up, command("down", _down), command("status", _status)):
        added.add_argument("--dir", type=Path, default=read_settings().directory or DEFAULT_DIRECTORY)
    prepare = command("prepare", _prepare)
    prepare.add_argument("dir", type=Path)
    prepare.add_argument("--bootstrap", required=True)
    prepare.add_argument("--partner", action="append", dest="partners", default=["portal"])
    return parser


def _up(arguments: argparse.Namespace) -> None:
    """Start a stack and leave it running."""
    stack: Stack
    if arguments.only:
        stack = LocalStack(arguments.dir, arguments.port_base, parts=INFRASTRUCTURE, report=_say)
    else:
        stack = new_stack(arguments.dir, arguments.port_base, report=_say)
    _show(stack.start(detached=True))


def _down(arguments: argparse.Namespace) -> None:
    """Stop it."""
    running_stack(arguments.dir).stop()


def _status(arguments: argparse.Namespace) -> None:
    """Show its addresses and processes."""
    _show(running_stack(arguments.dir))


def _prepare(arguments: argparse.Namespace) -> None:
    """Make the keys, the clock and the topics of a sandbox that something else runs."""
    ensure_keys(arguments.dir / "keys")
    ensure_portal_keys(arguments.dir / "portal-keys", arguments.dir / "keys")
    ensure_intake_keys(arguments.dir / "intake-keys")
    ensure_people(
        arguments.dir / "people",
        arguments.dir / "trust" / "people.json",
        arguments.dir / "portal-keys" / PORTAL_SIGNING_KEY,
    )
    ensure_provider_people(arguments.dir / "people", arguments.dir / "portal-keys")
    (arguments.dir / "clock").mkdir(parents=True, exist_ok=True)
    ensure_clock(arguments.dir / "clock" / "clock.json")
    made = ensure_flow_topics(arguments.bootstrap, arguments.partners)
    record_people(arguments.bootstrap, arguments.dir / "people")
    record_provider_people(arguments.bootstrap, arguments.dir / "people")
    _say(f"Keys and clock are in {arguments.dir}; {len(made)} topics were made on {arguments.bootstrap}.")


def _show(stack: Stack) -> None:
    _say(
        f"Kafka {stack.kafka_bootstrap}, PostgreSQL 127.0.0.1:{stack.ports.postgres}, all in {stack.directory}"
    )
    for name, pid in stack.running().items():
        _say(f"  {name:14} pid {pid}")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
