"""`rules`: catalogue files looked at by validation before they are published, and published by two operators."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from throughline.flow import RULES
from throughline.money import for_people
from throughline.rule_sets import KEY, PublishRuleSet, RuleFile, RuleSetPublished, files_sha256
from throughline_cli.commanding import command, say_unheard
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, AsOption, Line, SecondOption, StackOption, line_at
from throughline_cli.replaying import pages_of
from throughline_cli.show import counted, say
from throughline_cli.signing import UNNAMED

rules_app = typer.Typer(help="Look at rules, and publish them by two people.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="A folder of catalogue files (*.toml).")]


@rules_app.command("lint")
def rules_lint(folder: Folder, stack: StackOption = STACK) -> None:
    """Everything that is wrong with a folder's rules, at once, with file and rule."""
    raise typer.Exit(0 if lint(line_at(stack), folder) else 1)


@rules_app.command("diff")
def rules_diff(old: Folder, new: Folder, stack: StackOption = STACK) -> None:
    """Which rules the second folder adds, removes or changes against the first."""
    diff(line_at(stack), old, new)


@rules_app.command("test")
def rules_test(folder: Folder, stack: StackOption = STACK) -> None:
    """Run the passing and failing examples that stand beside the rules."""
    raise typer.Exit(0 if run_examples(line_at(stack), folder) else 1)


@rules_app.command("preview")
def rules_preview(
    folder: Folder,
    days: Annotated[int, typer.Option(help="Requests received on so many days, up to today.", min=1)] = 30,
    stack: StackOption = STACK,
) -> None:
    """Which decisions of the last days these rules would have made otherwise, and by how much for each payee."""
    preview(line_at(stack), folder, days)


@rules_app.command("publish")
def rules_publish(
    folder: Folder,
    effective_from: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The first service day that these rules decide.")
    ],
    note: Annotated[str, typer.Option(help="What changes, and why.")],
    key_file: AsOption = None,
    second_file: SecondOption = None,
    stack: StackOption = STACK,
) -> None:
    """Let these rules decide what comes in from now on. Two operators sign; what came in before keeps its rules."""
    line = line_at(stack, key_file, second_file)
    if not lint(line, folder):
        raise typer.Exit(1)
    told = command(line, RULES.name, publication(line, folder, effective_from.date(), note), KEY)
    for event in told:
        if isinstance(event, RuleSetPublished):
            say(
                f"Version {event.version} with {counted(event.rule_count, 'rule')} decides service days from "
                f"{event.effective_from} on, of what comes in from now on. Hash {event.sha256}."
            )
    if not told:
        say_unheard("validation")


def publication(line: Line, folder: Path, effective_from: date, note: str) -> PublishRuleSet:
    """The next version. Raises Problem where the files cannot be a message."""
    sets = line.get("validation", "/v1/rules/published")["sets"]
    try:
        files = tuple(RuleFile(name=name, text=text) for name, text in sorted(files_in(folder).items()))
        return PublishRuleSet(
            version=max(one["version"] for one in sets) + 1,
            effective_from=effective_from,
            files=files,
            sha256=files_sha256(files),
            note=note,
            actor=UNNAMED,
            second_actor=UNNAMED,
        )
    except ValidationError as error:
        told = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors(include_url=False))
        raise Problem(f"{folder} cannot be published: {told}.", "Nothing was sent.") from None


def lint(line: Line, folder: Path) -> bool:
    found = line.ask("POST", "validation", "/v1/rules/lint", json={"files": files_in(folder)})["problems"]
    for one in found:
        name = f"{one['rule']} {one['version'] or ''}".strip() + ": " if one["rule"] else ""
        say(escape(f"{one['file']}: {name}{one['problem']}"))
    say(f"{counted(len(found), 'problem')} in {counted(len(files_in(folder)), 'file')}.")
    return not found


def diff(line: Line, old: Path, new: Path) -> None:
    asked = {"old": files_in(old), "new": files_in(new)}
    changes = line.ask("POST", "validation", "/v1/rules/diff", json=asked)["changes"]
    for one in changes:
        until = f" to {one['effective_to']}" if one["effective_to"] else " on"
        what = f" ({', '.join(one['what'])})" if one["what"] else ""
        say(
            escape(
                f"{one['change']}: {one['rule']} {one['version']}, from {one['effective_from']}{until}{what}"
            )
        )
    if not changes:
        say("Both say the same.")


def run_examples(line: Line, folder: Path) -> bool:
    runs = line.ask("POST", "validation", "/v1/rules/test", json={"files": files_in(folder)})["examples"]
    wrong = [one for one in runs if not one["holds"]]
    for one in wrong:
        say(escape(f"{one['file']}: {one['rule']} {one['version']}, {one['example']}: {one['came_to']}"))
    say(f"{counted(len(runs), 'example')}, {len(runs) - len(wrong)} as they should be.")
    return not wrong


def preview(line: Line, folder: Path, days: int) -> None:
    last = date.fromisoformat(line.get("validation", "/v1/rules")["on"])  # its business date
    query = {"from": str(last - timedelta(days=days - 1)), "to": str(last)}
    body = {"files": files_in(folder)}
    payees: dict[str, list[int]] = defaultdict(list)
    left_open: list[dict[str, Any]] = []
    compared = 0
    for page in pages_of(line, "POST", "/v1/rules/preview", query, json=body):
        compared += page["compared"]
        if page["left_open"]:
            left_open.append(page)
        for one in page["changes"]:
            payees[one["payee_id"]].append(one["cents"])
            say(escape(_changed(one)))
    for payee, cents in sorted(payees.items()):
        say(f"payee {payee}: {counted(len(cents), 'decision')}, {_signed(sum(cents))}")
    changed = [cents for of_payee in payees.values() for cents in of_payee]
    say(f"{counted(compared, 'decision')} compared, {len(changed)} would change, by {_signed(sum(changed))}.")
    if left_open:
        say(_of_left_open(left_open))


def files_in(folder: Path) -> dict[str, str]:
    """Raises Problem where the folder has no catalogue files, or one is not text."""
    try:
        found = {one.name: one.read_text("utf-8") for one in sorted(folder.glob("*.toml"))}
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"A file of {folder} cannot be read ({type(error).__name__}).") from None
    if not found:
        raise Problem(f"{folder} holds no catalogue files.", "A catalogue is a folder of .toml files.")
    return found


def _of_left_open(pages: list[dict[str, Any]]) -> str:
    """What the stored evidence does not answer, in plain words."""
    count = sum(page["left_open"] for page in pages)
    kept_from = max((page["kept_from"] or 0 for page in pages), default=0)
    nothing_kept = sum(page["nothing_kept"] for page in pages)
    told = (
        f"{counted(count, 'decision')} left open, and none of the changes above: whether other thresholds of near "
        "duplicates would change them hangs on resemblances that were not kept when they were decided."
    )
    if kept_from:
        told += (
            f" Scores below {kept_from} were not kept: a threshold from {kept_from} on is answered in full."
        )
    if nothing_kept:
        told += (
            f" Of {nothing_kept} no score can be gone by: a rule stopped it first, something liker hid it, or the "
            "candidate scores otherwise."
        )
    return told


def _changed(one: dict[str, Any]) -> str:
    name = f"{one['request_id']} version {one['version']}"
    return f"{name}: {one['stored']}, would be {one['candidate']}, {_signed(one['cents'])}"


def _signed(cents: int) -> str:
    return f"{'-' if cents < 0 else '+'}{for_people(abs(cents))}"
