"""The command `throughline demo`: starts the line, runs it to its end, says whether everything agrees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rich.panel import Panel

from throughline.flow import SERVICES
from throughline_cli.demo.accounting import summary
from throughline_cli.demo.judge import Outcome
from throughline_cli.demo.place import Place
from throughline_cli.demo.progress import Bars
from throughline_cli.demo.run import Demo, fresh_stack, prepare_own, prepare_sample
from throughline_cli.demo.table import outcome_table, sums_table, verdict_table
from throughline_cli.show import complaints, console


def run_demo(out: Path, *, source: Path | None, seed: int, requests: int, keep: bool) -> bool:
    """True if everything agrees and every invariant holds. ``source``: a folder instead of the sample."""
    out.mkdir(parents=True, exist_ok=True)
    console.print(Panel.fit("Throughline: every healthcare payment, from request to remittance, on one line"))
    own = None if source is None else prepare_own(source, out)
    root = prepare_sample(out, seed, requests) if own is None else own.root
    with Bars(console) as bars, telling_of_ctrl_c():
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
    return outcome.holds


@contextlib.contextmanager
def telling_of_ctrl_c() -> Iterator[None]:
    """Says what Ctrl-C did, once everything that was started is stopped."""
    try:
        yield
    except KeyboardInterrupt:
        complaints.print("Stopped by Ctrl-C; nothing is left running.")
        raise


def show_outcome(outcome: Outcome, out: Path) -> None:
    console.print(outcome_table(outcome.story))
    if outcome.accounts:
        console.print(summary(outcome.accounts))
        console.print(
            f"Each of the {len(outcome.accounts):,} claims, calls and files stands in {out / 'accounts.csv'}."
        )
    if outcome.sums:
        console.print(sums_table(outcome.sums))
    console.print(verdict_table(outcome.verdicts))
    console.print(
        f"{outcome.seconds:.0f} seconds. Everything is in {out}: bank/, remittances/, payments.csv, lines.csv,"
    )
    console.print("requests.csv, audit-proof.json, audit-report.json.")
    if outcome.holds:
        console.print("[green bold]Everything agrees and every invariant holds.[/]")
    else:
        console.print("[red bold]Something does not agree; see above.[/]")
