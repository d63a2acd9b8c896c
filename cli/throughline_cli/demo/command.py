"""The command `throughline demo`: starts the line, runs it to its end, says whether everything agrees."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

import httpx
from confluent_kafka import KafkaException
from rich.markup import escape
from rich.panel import Panel

from throughline.flow import SERVICES
from throughline_cli.demo.accounting import summary
from throughline_cli.demo.judge import Outcome
from throughline_cli.demo.place import Place
from throughline_cli.demo.progress import Bars
from throughline_cli.demo.run import Demo, fresh_stack, prepare_own, prepare_sample
from throughline_cli.demo.table import outcome_table, sums_table, verdict_table
from throughline_cli.errors import Problem
from throughline_cli.portal_shown import show_portal, tell_how_to_look
from throughline_cli.show import complain, console, counted, say


def run_demo(out: Path, *, source: Path | None, seed: int, requests: int, keep: bool) -> bool:
    """True if everything agrees and every invariant holds. ``source``: a folder instead of the sample."""
    with telling_of_ctrl_c(), alone_in(out), telling_of_trouble(out):
        console.print(Panel.fit("Throughline: every healthcare payment, from request to remittance"))
        own = None if source is None else prepare_own(source, out)
        root = prepare_sample(out, seed, requests) if own is None else own.root
        with Bars(console) as bars:
            stack = fresh_stack(out, report=bars.step)
            with contextlib.ExitStack() as until:
                if keep:
                    stack.start(detached=True)
                    until.callback(stack.stop)
                else:
                    until.enter_context(stack)
                bars.done(f"Kafka, PostgreSQL, the sandbox bank and {len(SERVICES)} services run")
                outcome = Demo(Place(stack, out), root, bars, own=own).run()
                if keep:
                    until.pop_all()
                    bars.done(f"left running: 'throughline down --stack {stack.directory}' stops it")
        show_outcome(outcome, out)
        if keep:
            show_portal(stack)
        else:
            tell_how_to_look(stack.directory)
    return outcome.holds


@contextlib.contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Nobody else runs a demo in the folder: it would remove the other's input and stop its line. Raises Problem."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except OSError as error:
        raise Problem(
            f"The demo cannot write to {out} ({error.strerror}).", "Name another folder with --out."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Problem(
                f"Another demo runs in {out}.",
                "Wait for its end, or name another folder with --out and other ports with STACK_PORT_BASE.",
            ) from None
        yield


@contextlib.contextmanager
def telling_of_trouble(out: Path) -> Iterator[None]:
    """What a machine or a stack does to a demo, in one sentence. Raises Problem."""
    try:
        yield
    except OSError as error:
        where = error.filename or out
        raise Problem(
            f"{where} cannot be written or read: {error.strerror or error}.",
            "Free some space there, or name another folder with --out.",
        ) from error
    except (httpx.HTTPError, KafkaException) as error:
        raise Problem(
            f"The line stopped answering ({type(error).__name__}).",
            f"See the logs in {out / 'stack' / 'logs'}.",
        ) from error


@contextlib.contextmanager
def telling_of_ctrl_c() -> Iterator[None]:
    """Says what Ctrl-C or SIGTERM did, once everything that was started is stopped, and ends with their exit code."""
    try:
        yield
    except KeyboardInterrupt:
        complain("Stopped by Ctrl-C; nothing is left running.")
        raise SystemExit(130) from None
    except SystemExit as end:
        if end.code == 143:
            complain("Stopped by SIGTERM; nothing is left running.")
        raise


def show_outcome(outcome: Outcome, out: Path) -> None:
    console.print(outcome_table(outcome.story))
    if outcome.accounts:
        console.print(summary(outcome.accounts))
        say(
            f"Each of the {len(outcome.accounts):,} claims, calls and files stands in {out / 'accounts.csv'}."
        )
    if outcome.sums:
        console.print(sums_table(outcome.sums))
    console.print(verdict_table(outcome.verdicts))
    if outcome.dates is not None:
        say(f"{outcome.dates}")
    say(f"{outcome.decided_again}")
    say(f"After {outcome.seconds:.0f} seconds there lie in {escape(str(out))}:")
    for name, what in left_behind(outcome):
        say(f"  {name:20} {what}")
    if outcome.holds:
        say("[green bold]Everything agrees and every invariant holds.[/]")
    else:
        say("[red bold]Something does not agree; see above.[/]")


def left_behind(outcome: Outcome) -> list[tuple[str, str]]:
    """Each file and folder for people, and what it holds."""
    return [
        ("bank/", "the files that the bank collected, and its answers"),
        ("remittances/", f"{counted(len(outcome.story.posted), 'remittance')}, each as an 835"),
        ("payments.csv", "each payment, with its trace numbers and dates"),
        ("lines.csv", "each line: charged, allowed, paid, and why"),
        ("requests.csv", "each version of each request, and where it stands"),
        ("audit-proof.json", "'.venv/bin/python -m audit.proof check' checks it without any service"),
        ("audit-report.json", "what audit's verification found"),
    ]
