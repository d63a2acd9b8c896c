"""`verify`: audit's own verification, with its progress."""

from __future__ import annotations

import json
from typing import Any

import httpx
from rich.markup import escape
from rich.progress import Progress

from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import console, counted, say


def show_verification(line: Line) -> bool:
    """True if everything holds. Raises Problem where audit does not answer."""
    report: dict[str, Any] = {}
    url = f"{line.stack.http_url('audit')}/v1/verify"
    try:
        with (
            Progress(console=console, transient=True, disable=not console.is_terminal) as bars,
            httpx.stream("POST", url, timeout=600) as answer,
        ):
            task = bars.add_task("verifying", total=None)
            for text in answer.iter_lines():
                told = json.loads(text)
                report = told.get("report", report)
                if "total" in told:
                    bars.update(task, total=told["total"], completed=told["done"])
    except httpx.HTTPError as error:
        raise Problem(
            f"Audit does not answer ({type(error).__name__}).", "Start it with 'throughline up'."
        ) from None
    if not report:
        raise Problem("Audit gave no report.", f"See its log in {line.stack.places.logs}.")
    say(
        f"{report['size']:,} records in {counted(len(report['partitions']), 'partition')},"
        f" {counted(report['roots'], 'root')}"
    )
    say(f"root {report['root']}")
    for finding in report["findings"]:
        say(f"[red]{finding['kind']}[/] {escape(finding['where'])}: {escape(finding['detail'])}")
    console.print("[green]Everything holds.[/]" if report["holds"] else "[red bold]The log does not hold.[/]")
    return bool(report["holds"])
