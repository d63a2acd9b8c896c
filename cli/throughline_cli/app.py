"""`throughline`: the line from a terminal."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from stack import StackError, new_stack, running_stack
from throughline.money import for_people
from throughline_cli import explain as explain_
from throughline_cli import parked, replaying
from throughline_cli import submit as sending
from throughline_cli.clock_commands import clock_app
from throughline_cli.dispute import dispute
from throughline_cli.enrolling import people_app
from throughline_cli.errors import Problem
from throughline_cli.item_commands import item_app
from throughline_cli.line import STACK, AsOption, SecondOption, StackOption, line_at
from throughline_cli.order_commands import batch_app, payment_app
from throughline_cli.pack_commands import packs_app
from throughline_cli.people_commands import partner_app, payee_app
from throughline_cli.portal_shown import show_portal
from throughline_cli.reference_commands import reference_app
from throughline_cli.resolve_commands import resolve_app
from throughline_cli.review_commands import Note, review_app
from throughline_cli.rules_commands import rules_app
from throughline_cli.show import complain, console, counted, instant, say
from throughline_cli.verify import show_verification

app = typer.Typer(
    help="Throughline: every healthcare payment, from request to remittance, on one line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def throughline() -> None:
    """Every command says what went wrong in one sentence, and ends with 0 only if it did what it says."""


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
) -> None:
    """Run the whole line to its end and compare every id and every cent with what was expected."""
    from throughline_cli.demo.command import run_demo

    holds = run_demo(out, source=input, seed=seed, requests=requests, keep=keep)
    raise typer.Exit(0 if holds else 1)


@app.command()
def up(
    stack: StackOption = STACK,
    partner: Annotated[
        list[str] | None, typer.Option(help="A partner whose topics are made at once.")
    ] = None,
) -> None:
    """Start the whole line here and leave it running."""
    known = (stack / "run.json").exists() or (stack / "passwords.json").exists()
    started = new_stack(stack, partners=["portal", *(partner or ())], report=console.print).start(
        detached=True
    )
    say(f"The line runs in {stack}: Kafka {started.kafka_bootstrap}, intake {started.http_url('intake')}.")
    if not known:
        say("It knows nobody yet: 'throughline reference load FOLDER' tells it who sends, pays and is paid.")
    show_portal(started)
    say(f"'{_down(stack)}' stops it.")


def _down(stack: Path) -> str:
    return "make down" if stack == STACK else f"throughline down --stack {stack}"


@app.command()
def down(stack: StackOption = STACK) -> None:
    """Stop what `throughline up` started. What it stored stays in the directory."""
    running_stack(stack).stop()
    say(f"Stopped. Its data stay in {stack}; 'throughline up' finds them again.")


@app.command("sign-ins")
def sign_ins(stack: StackOption = STACK) -> None:
    """Show the portal's address, and the sandbox people's logins with the codes of this half minute."""
    show_portal(running_stack(stack))


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="A request (.json), or a file of claims (.csv, or 837P).")],
    api_key: Annotated[str, typer.Option(envvar="THROUGHLINE_API_KEY", help="As 'partner add' showed it.")],
    idempotency_key: Annotated[
        str | None, typer.Option(help="Default: the hash of the file's bytes.")
    ] = None,
    stack: StackOption = STACK,
) -> None:
    """Send a request or a file and show every answer."""
    good = sending.submit(line_at(stack), file, api_key, idempotency_key)
    raise typer.Exit(0 if good else 1)


RequestId = Annotated[str, typer.Argument(help="The request id that the answer gave.")]


@app.command()
def status(request: RequestId, stack: StackOption = STACK) -> None:
    """Where a request stands, and why."""
    explain_.show_status(line_at(stack), explain_.request_id_of(request))


@app.command()
def explain(
    request: RequestId,
    as_json: Annotated[
        bool, typer.Option("--json", help="The timeline and validation's reasons as JSON.")
    ] = False,
    stack: StackOption = STACK,
) -> None:
    """Everything that was said of a request and what it did to the state; by which rules and prices it was decided."""
    explain_.show_explanation(line_at(stack), explain_.request_id_of(request), as_json=as_json)


@app.command("replay-decisions")
def replay_decisions(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day received.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day received.")],
    stack: StackOption = STACK,
) -> None:
    """Decide stored history again by what each request was pinned to, and show every difference."""
    raise typer.Exit(0 if replaying.replay_decisions(line_at(stack), first.date(), last.date()) else 1)


@app.command()
def cutoff(
    bank: Annotated[str | None, typer.Option(help="The bank's code; all where not given.")] = None,
    stack: StackOption = STACK,
) -> None:
    """Close the payment window now (sandbox), and show what each bank's next window holds."""
    line = line_at(stack)
    windows = {window["bank"]: window for window in line.get("payout", "/v1/windows")}
    if bank is not None and bank not in windows:
        raise Problem(f"There is no bank '{bank}' here.", f"It knows {', '.join(windows)}.")
    closed = line.ask("POST", "payout", "/v1/cutoff", params={"bank": bank} if bank else {})["batches"]
    say(f"{counted(len(closed), 'window')} closed{', of:' if closed else '.'}")
    for name in ((bank,) if bank else windows) if closed else ():
        say(f"  {name}: {_waiting(windows[name])}")
    for window in line.get("payout", "/v1/windows"):
        at = instant(datetime.fromisoformat(window["next_cutoff"]))
        say(f"{window['bank']}: {_waiting(window)} for the next cutoff, {at}")


def _waiting(window: dict[str, Any]) -> str:
    return f"{counted(window['waiting_items'], 'item')} of {for_people(window['waiting_cents'])}"


@app.command()
def verify(stack: StackOption = STACK) -> None:
    """Verify the audit log: the tree, every root, no topic and no offset missing."""
    holds = show_verification(line_at(stack))
    raise typer.Exit(0 if holds else 1)


parked_app = typer.Typer(help="Records that could not be applied.", no_args_is_help=True)
RecordAt = Annotated[str, typer.Argument(help="topic/partition@offset, as the list shows it.")]
Service = Annotated[str | None, typer.Option(help="Only what this service parked.")]


@parked_app.command("list")
def parked_list(service: Service = None, stack: StackOption = STACK) -> None:
    """Everything that is parked now, and why."""
    parked.show_list(line_at(stack), service)


@parked_app.command("show")
def parked_show(record: RecordAt, stack: StackOption = STACK) -> None:
    """One parked record: why, where in it, the hash of its bytes, and what became of it."""
    parked.show_one(line_at(stack), record)


@parked_app.command("replay")
def parked_replay(
    record: RecordAt, service: Service = None, key_file: AsOption = None, stack: StackOption = STACK
) -> None:
    """Put a parked record through the same door again, and what is parked behind it."""
    parked.replay(line_at(stack, key_file), record, service)


@parked_app.command("discard")
def parked_discard(
    record: RecordAt,
    note: Note,
    service: Service = None,
    key_file: AsOption = None,
    second_file: SecondOption = None,
    stack: StackOption = STACK,
) -> None:
    """Give a parked record up for good. Two operators sign it."""
    parked.discard(line_at(stack, key_file, second_file), record, service, note)


app.command()(dispute)
app.add_typer(review_app, name="review")
app.add_typer(parked_app, name="parked")
app.add_typer(clock_app, name="clock")
app.add_typer(reference_app, name="reference")
app.add_typer(partner_app, name="partner")
app.add_typer(payee_app, name="payee")
app.add_typer(people_app, name="people")
app.add_typer(packs_app, name="packs")
app.add_typer(rules_app, name="rules")
app.add_typer(item_app, name="item")
app.add_typer(batch_app, name="batch")
app.add_typer(resolve_app, name="resolve")
app.add_typer(payment_app, name="payment")


def main() -> None:
    """Runs a command. What a person can mend is one sentence on stderr and exit code 1, without a traceback."""
    try:
        app()
    except Problem as problem:
        complain(str(problem), problem.fix)
        sys.exit(1)
    except StackError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who reads us has had enough
        sys.exit(1)
    except KeyboardInterrupt:
        complain("Stopped by Ctrl-C.")
        sys.exit(130)


if __name__ == "__main__":
    main()
