"""`clock`: business time of a sandbox stack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from throughline_cli.clock import duration_of, read_clock, set_clock
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, StackOption, line_at
from throughline_cli.show import NEW_YORK, console, instant

clock_app = typer.Typer(
    help="Business time of a sandbox stack: it stands still until it is moved.", no_args_is_help=True
)


@clock_app.command("show")
def show(stack: StackOption = STACK) -> None:
    """Tell the business time."""
    console.print(instant(read_clock(line_at(stack).stack.places.clock)))


@clock_app.command("set")
def set_to(
    at: Annotated[str, typer.Argument(help="2026-11-16T16:45 (New York), or with a zone: 2026-11-16T21:45Z")],
    stack: StackOption = STACK,
) -> None:
    """Move the clock to an instant; never back."""
    try:
        to = datetime.fromisoformat(at)
    except ValueError:
        raise Problem(
            f"'{at}' is not an instant.", "Write 2026-11-16T16:45, or with a zone: 2026-11-16T21:45Z."
        ) from None
    to = to if to.tzinfo else to.replace(tzinfo=NEW_YORK)
    set_clock(line_at(stack).stack.places.clock, to.astimezone(UTC))
    console.print(instant(to))


@clock_app.command("advance")
def advance(
    by: Annotated[str, typer.Argument(help="90m, 36h, 2d or 1w")],
    stack: StackOption = STACK,
) -> None:
    """Move the clock on."""
    file = line_at(stack).stack.places.clock
    to = read_clock(file) + duration_of(by)
    set_clock(file, to)
    console.print(instant(to))
