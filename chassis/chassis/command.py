"""`python -m <service> run|migrate|settings`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chassis.service import Service


def main(service: Service) -> None:
    """Settings come from the environment only."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}")
    parser.add_argument("command", choices=("run", "migrate", "settings"), nargs="?", default="run")
    command = parser.parse_args().command
    if command == "settings":
        _print_settings(service)
    elif command == "migrate":
        from chassis.migrate import migrate

        migrate(service, service.settings())
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
