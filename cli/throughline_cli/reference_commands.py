"""`reference load`: what prices and pays, from a folder onto its topics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughline_cli.demo.reference import (
    KEY_FIELDS,
    enrol,
    publish,
    publish_partners,
    read_lines,
    read_messages,
    sealing_key,
)
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, StackOption, line_at
from throughline_cli.show import counted, say
from throughline_cli.speaking import Speaker

reference_app = typer.Typer(help="Who sends, pays and is paid, and on what terms.", no_args_is_help=True)


@reference_app.command("load")
def load(
    folder: Annotated[Path, typer.Argument(help="partners.jsonl, payers.jsonl, ... (examples/README.md).")],
    stack: StackOption = STACK,
) -> None:
    """Publish a folder of reference data, and enrol its payees' accounts under seal."""
    found = {entity: read_messages(folder, entity) for entity in KEY_FIELDS}
    payees = read_lines(folder / "payees.jsonl")
    if not payees and not any(found.values()):
        wanted = ", ".join(f"{entity}.jsonl" for entity in KEY_FIELDS)
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
