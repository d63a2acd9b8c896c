"""`python -m <service> run|migrate|settings|recover`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from chassis.recover_command import add_arguments, recover

if TYPE_CHECKING:
    from chassis.service import Service


def main(service: Service) -> None:
    """Settings come from the environment only."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}")
    parser.set_defaults(command="run")
    commands = parser.add_subparsers(dest="command", required=False)
    commands.add_parser("run", help="run until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest revision")
    commands.add_parser("settings", help="print every setting with its default")
    add_arguments(commands.add_parser("recover", help="the way back of a database put to an earlier point"))
    wanted = parser.parse_args()
    command = wanted.command or "run"
    if command == "settings":
        _print_settings(service)
    elif command == "migrate":
        from chassis.migrate import migrate

        migrate(service, service.settings())
    elif command == "recover":
        sys.exit(recover(service, service.settings(), wanted))
    else:
        from chassis.run import run

        sys.exit(run(service, service.settings()))


def _print_settings(service: Service) -> None:
    for name, field in service.settings.model_fields.items():
        if field.is_required():
            default = "(required)"
        elif field.default_factory is not None:
            default = "(made at start)"
        else:
            default = "" if field.default is None else str(field.default)
        sys.stdout.write(f"{name.upper():28} {default:24} {field.description or ''}\n")
