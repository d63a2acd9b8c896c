"""`people`: who may command. Each change is signed by two operators; the first people by two founders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args
from uuid import UUID, uuid4

import typer
from rich.table import Table

from stack.people import KeyFile, founders_of, read_key_file, recorded, write_key_file
from stack.secrets_file import write_secret
from throughline.flow import PEOPLE
from throughline.people import PersonRecorded, Role
from throughline.signed import new_signing_key
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, Line, StackOption, line_at
from throughline_cli.parked import everything_said
from throughline_cli.show import console, say
from throughline_cli.speaking import Speaker

people_app = typer.Typer(help="Who may command: people, their roles and keys.", no_args_is_help=True)

Proposer = Annotated[
    Path | None, typer.Option(help="The key file of the operator who proposes; default: a sandbox's first.")
]
Approver = Annotated[
    Path | None, typer.Option(help="The key file of the operator who approves; default: a sandbox's second.")
]


@people_app.command("enrol")
def enrol(
    key_file: Annotated[Path, typer.Argument(help="Where the person's own key is written, 0600.")],
    role: Annotated[list[str], typer.Option(help="A role they hold; give it again for another.")],
    organisation: Annotated[
        str | None, typer.Option(help="In which organisation; default: the proposer's.")
    ] = None,
    proposer: Proposer = None,
    approver: Approver = None,
    stack: StackOption = STACK,
) -> None:
    """Make a person's key file and record the person, signed by two operators."""
    unknown = sorted(set(role) - set(get_args(Role)))
    if unknown:
        raise Problem(f"There is no role '{unknown[0]}'.", f"It is one of {', '.join(get_args(Role))}.")
    if key_file.exists():
        raise Problem(f"{key_file} exists.", "Name a new file; a key is never written over.")
    line = line_at(stack)
    first, second = _two(line, proposer, approver)
    roles: tuple[Role, ...] = tuple(one for one in get_args(Role) if one in role)
    where = first.organisation_id if organisation is None else UUID(organisation)
    person = KeyFile(uuid4(), where, roles, new_signing_key())
    key_file.touch(mode=0o600)
    write_key_file(key_file, person)
    _record(line, recorded(person), first, second)
    say(f"Person {person.name} was recorded as {', '.join(roles)}; their key is in {key_file}, 0600.")


@people_app.command("disable")
def disable(
    person: Annotated[str, typer.Argument(help="The person's id.")],
    proposer: Proposer = None,
    approver: Approver = None,
    stack: StackOption = STACK,
) -> None:
    """Take every role and key from a person: what they sign from now on is refused."""
    line = line_at(stack)
    known = {str(one.person_id): one for one in _known(line)}.get(person)
    if known is None:
        raise Problem(f"There is no person {person}.", "See 'throughline people list'.")
    first, second = _two(line, proposer, approver)
    gone = PersonRecorded(person_id=known.person_id, version=known.version + 1, active=False)
    _record(line, gone, first, second)
    say(f"Person {person} may no longer command.")


@people_app.command("list")
def show(stack: StackOption = STACK) -> None:
    """Everybody on the topic `people`, as last said there; services believe only what two operators signed."""
    table = Table()
    for column in ("person", "active", "roles", "keys", "version"):
        table.add_column(column)
    for one in sorted(_known(line_at(stack)), key=lambda one: str(one.person_id)):
        roles = ", ".join(sorted({held.role for held in one.roles}))
        keys = ", ".join(sorted(key.kind for key in one.keys))
        table.add_row(str(one.person_id), "yes" if one.active else "no", roles, keys, str(one.version))
    console.print(table if table.row_count else "Nobody is recorded.")


@people_app.command("founders")
def founders(
    folder: Annotated[Path, typer.Argument(help="Where the two founders' key files are written, 0600.")],
    trust: Annotated[Path, typer.Argument(help="Where the file for PEOPLE_FOUNDERS is written.")],
) -> None:
    """Make two founding keys, and the file that names their public halves to the services."""
    if trust.exists():
        raise Problem(f"{trust} exists.", "Name a new file; founders are made once.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    organisation, made = uuid4(), []
    for number in (1, 2):
        person = KeyFile(uuid4(), organisation, ("operator",), new_signing_key())
        write_key_file(folder / f"founder-{number}.json", person)
        made.append(person)
    write_secret(trust, founders_of(made, []))
    say(f"Two founding keys are in {folder}; give each to another person, and {trust} to every service.")


def _known(line: Line) -> list[PersonRecorded]:
    found: dict[UUID, PersonRecorded] = {}
    for record in everything_said(line):
        one = record.message
        if isinstance(one, PersonRecorded) and one.version > (
            found[one.person_id].version if one.person_id in found else 0
        ):
            found[one.person_id] = one
    return list(found.values())


def _two(line: Line, proposer: Path | None, approver: Path | None) -> tuple[KeyFile, KeyFile]:
    first = line.signers.holding("operator") if proposer is None else read_key_file(proposer)
    second = line.signers.holding("operator", 1) if approver is None else read_key_file(approver)
    if first.person_id == second.person_id:
        raise Problem("The same person proposes and approves.", "Two different operators sign.")
    return first, second


def _record(line: Line, person: PersonRecorded, first: KeyFile, second: KeyFile) -> None:
    with Speaker(line.bootstrap) as speaker:
        speaker.say(PEOPLE.name, person, str(person.person_id), by=first, second=second)
