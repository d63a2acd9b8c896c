"""`packs lint`, `packs price`: a programme pack before it is used. No stack is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughline.money import for_people
from throughline.packs.lint import problems_of
from throughline.packs.lint_examples import case_of
from throughline.packs.load import PackBreach, load_pack
from throughline.packs.model import Pack
from throughline.packs.price import Unpriced
from throughline_cli.errors import Problem
from throughline_cli.show import complain, counted, say

packs_app = typer.Typer(
    help="Programme packs: what a programme's request holds, must satisfy and pays, as data.",
    no_args_is_help=True,
)
PackDirectory = Annotated[Path, typer.Argument(help="A pack's directory, e.g. packs/calworks-child-care.")]


@packs_app.command("lint")
def lint(directories: Annotated[list[Path], typer.Argument(help="Directories of packs.")]) -> None:
    """Say all that is missing in packs, or contradicts itself; run their examples. Ends with 0 if nothing is."""
    good = True
    for directory in directories:
        problems = problems_of(directory)
        for one in problems:
            complain(f"{directory.name}: {one}")
        if problems:
            good = False
            say(f"{directory.name}: {counted(len(problems), 'problem')}.")
        else:
            pack = load_pack(directory)
            say(
                f"{pack.header.id} version {pack.header.version}: {counted(len(pack.fields), 'field')}, "
                f"{counted(len(pack.rules), 'rule')}, {counted(len(pack.examples), 'example')}; {pack.sha256}"
            )
    raise typer.Exit(0 if good else 1)


@packs_app.command("price")
def price(
    directory: PackDirectory, example: Annotated[str, typer.Argument(help="An example of it, by name.")]
) -> None:
    """Show how an example comes to its price: every step, what is not paid and why, and what was found."""
    pack = _pack_at(directory)
    if example not in pack.examples:
        raise Problem(f"The pack has no example '{example}'.", f"It has {', '.join(sorted(pack.examples))}.")
    found = case_of(pack, example).assessed(pack)
    words = pack.wording[pack.header.languages[0]]
    for finding in found.findings:
        say(f"{finding.severity.value}: {finding.field}: {finding.message}")
    for missing in found.missing_attachments:
        say(f"missing: {words.attachments.get(missing, missing)}")
    if isinstance(found.price, Unpriced):
        say(f"There is no price: the step '{found.price.step}' cannot be taken. A person decides.")
        return
    for name, value in found.price.steps:
        said = for_people(value) if name.endswith("_cents") and isinstance(value, int) else value
        say(f"  {name} = {said}")
    say(f"{words.amounts['charge']}: {for_people(found.price.charge_cents)}")
    for one in found.price.adjusted:
        say(f"  {words.amounts[one.id]} ({one.group} {one.carc}): {for_people(one.cents)}")
    say(f"{words.amounts['pays']}: {for_people(found.price.pays_cents)}")


def _pack_at(directory: Path) -> Pack:
    try:
        return load_pack(directory)
    except PackBreach as breach:
        raise Problem(f"{directory} is not a pack.", "; ".join(breach.problems)) from breach
