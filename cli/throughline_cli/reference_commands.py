"""`reference load`: what prices and pays, from a folder onto its topics."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from throughline_cli.demo.reference import (
    KEYS,
    enrol,
    publish,
    publish_partners,
    read_lines,
    read_messages,
    sealing_key,
)
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, StackOption, line_at
from throughline_cli.reference_csv.importing import import_contracts, import_exclusions, import_file
from throughline_cli.reference_shown import KINDS, show_reference
from throughline_cli.show import counted, say
from throughline_cli.speaking import Speaker

reference_app = typer.Typer(help="Who sends, pays and is paid, and on what terms.", no_args_is_help=True)
import_app = typer.Typer(help="Reference data from CSV files.", no_args_is_help=True)
reference_app.add_typer(import_app, name="import")


@reference_app.command("load")
def load(
    folder: Annotated[Path, typer.Argument(help="partners.jsonl, payers.jsonl, ... (examples/README.md).")],
    stack: StackOption = STACK,
) -> None:
    """Publish a folder of reference data, and enrol its payees' accounts under seal."""
    found = {entity: read_messages(folder, entity) for entity in KEYS}
    payees = read_lines(folder / "payees.jsonl")
    if not payees and not any(found.values()):
        wanted = ", ".join(f"{entity}.jsonl" for entity in KEYS)
        raise Problem(f"{folder} holds no reference data.", f"It may hold {wanted} and payees.jsonl.")
    line = line_at(stack)
    with Speaker(line.bootstrap, line.signers) as speaker:
        for entity, messages in found.items():
            if entity == "partners":
                publish_partners(line.stack, speaker, messages)
            else:
                publish(speaker, entity, messages)
        key = sealing_key(line.stack.places.keys)
        for payee in payees:
            enrol(speaker, payee, key)
    for entity, messages in found.items():
        if messages:
            say(f"{entity}: {len(messages):,} published.")
    say(f"payees: {counted(len(payees), 'enrolment')} asked for, accounts under seal.")


Csv = Annotated[Path, typer.Option("--csv", help="The file, with a header row.", dir_okay=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check everything; publish nothing.")]


@import_app.command("providers")
def import_providers(file: Csv, dry_run: DryRun = False, stack: StackOption = STACK) -> None:
    """Who is paid: a row each, with enrolment, licence and group."""
    import_file("providers", file, None if dry_run else line_at(stack))


@import_app.command("contracts")
def import_contracts_and_terms(
    file: Csv,
    modifiers: Annotated[
        Path | None,
        typer.Option(help="What modifiers do to prices: a row each, by contract.", dir_okay=False),
    ] = None,
    unit_limits: Annotated[
        Path | None, typer.Option(help="Units covered for a day: a row each, by contract.", dir_okay=False)
    ] = None,
    dry_run: DryRun = False,
    stack: StackOption = STACK,
) -> None:
    """Terms: a row each. A contract without rows in the other files has no modifiers and no limits from now on."""
    files = {"modifiers": modifiers, "unit_limits": unit_limits}
    given = {name: path for name, path in files.items() if path is not None}
    import_contracts(file, given, None if dry_run else line_at(stack))


@import_app.command("fee-schedules")
def import_fee_schedules(file: Csv, dry_run: DryRun = False, stack: StackOption = STACK) -> None:
    """What services are worth: a row for each rate."""
    import_file("fee-schedules", file, None if dry_run else line_at(stack))


@import_app.command("authorisations")
def import_authorisations(file: Csv, dry_run: DryRun = False, stack: StackOption = STACK) -> None:
    """What payers authorised: a row each."""
    import_file("authorisations", file, None if dry_run else line_at(stack))


@import_app.command("members")
def import_members(file: Csv, dry_run: DryRun = False, stack: StackOption = STACK) -> None:
    """Who is covered: a row for each span of days, and for each benefit where not every service is one."""
    import_file("members", file, None if dry_run else line_at(stack))


@import_app.command("exclusions")
def import_exclusion_list(
    file: Csv,
    dated_on: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day on which the list was published.")
    ],
    list_id: Annotated[str, typer.Option("--list", help="The list's id.")] = "oig-leie",
    edition: Annotated[
        int, typer.Option(help="Raise it where a list of the same day is imported anew.", min=0, max=99)
    ] = 0,
    expect_rows: Annotated[
        int | None,
        typer.Option(help="How many rows the publisher's file has; needed for a list's first.", min=1),
    ] = None,
    accept_shrink: Annotated[
        str | None, typer.Option(help="Why it may have far fewer entries than the one in force.")
    ] = None,
    dry_run: DryRun = False,
    stack: StackOption = STACK,
) -> None:
    """Who may not be paid: a list in the form of the OIG's LEIE. Payees are screened by it from then on.

    A file that may be cut off, with fewer than nine tenths of the entries in force, is refused.
    """
    line = None if dry_run else line_at(stack)
    import_exclusions(
        *(file, list_id, dated_on.date(), edition, line), expect_rows=expect_rows, accept_shrink=accept_shrink
    )


@reference_app.command("show")
def show(
    kind: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}.")],
    name: Annotated[
        str, typer.Argument(help="Its id; of a provider also its NPI; of a member the member id.")
    ],
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As it stood at the end of this day (UTC).")
    ] = None,
    payer: Annotated[str | None, typer.Option(help="A member's payer.")] = None,
    stack: StackOption = STACK,
) -> None:
    """What is, or was, on file of one entity, and its versions. What may name a person is not shown."""
    show_reference(line_at(stack), kind, name, None if as_of is None else as_of.date(), payer)
