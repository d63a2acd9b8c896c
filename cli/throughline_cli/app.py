"""`throughline`: the line from a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stack import StackError
from throughline_cli.errors import Problem
from throughline_cli.show import complaints

app = typer.Typer(
    help="Throughline: every healthcare payment, from request to remittance, on one line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.command()
def demo(
    input: Annotated[
        Path | None,
        typer.Option(help="A folder of 837P, CSV and JSON files, with an optional reference/ folder."),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where the bank files, 835s, CSVs and the audit proof are left.")
    ] = Path("var/demo"),
    keep: Annotated[bool, typer.Option(help="Leave the stack running at the end.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed makes other claims.")] = 7,
    requests: Annotated[int, typer.Option(help="How many requests the sample has.", min=1_300)] = 5_200,
    until_decided: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run the whole line to its end and compare every id and every cent with what was expected."""
    from throughline_cli.demo.command import run_demo

    holds = run_demo(out, seed=seed, requests=requests, keep=keep, decided_only=until_decided)
    raise typer.Exit(0 if holds else 1)


def main() -> None:
    """Runs a command. What a person can mend is one sentence on stderr and exit code 1, without a traceback."""
    try:
        app()
    except Problem as problem:
        complaints.print(f"[red]{problem}[/]")
        if problem.fix:
            complaints.print(problem.fix)
        sys.exit(1)
    except StackError as error:
        complaints.print(f"[red]{error}[/]")
        sys.exit(1)
    except KeyboardInterrupt:
        complaints.print("Stopped; nothing is left running.")
        sys.exit(130)


if __name__ == "__main__":
    main()
