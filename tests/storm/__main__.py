"""`python -m tests.storm`: the demo's input, undisturbed and in a storm of kills; ends with 0 only if both agree."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sample_input.generate import REQUESTS, write_sample

from stack import StackError
from stack.ports import find_free_base
from tests.storm.plan import PARTS
from tests.storm.run import Storm, Verdict, run_disturbed, run_undisturbed
from throughline_cli.errors import Problem

SHOWN = 10


def main() -> int:
    asked = _arguments()
    console = Console(highlight=False)
    began = time.monotonic()

    def report(sentence: str) -> None:
        console.print(f"{time.monotonic() - began:7.1f} s  {sentence}", markup=False, soft_wrap=True)

    out: Path = asked.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    storm = Storm(
        out / "input", out, asked.seed, asked.kills, asked.bank_kills, asked.breath, pauses=asked.pauses,
        blackouts=asked.blackouts, minutes=asked.minutes, port_base=asked.port_base or find_free_base(),
    )  # fmt: skip
    console.print(f"Seed {asked.seed}, {asked.requests:,} requests, {asked.kills} kills of each part")
    write_sample(storm.input, asked.seed, asked.requests)
    recorded = out / "undisturbed" / "outcome.json"
    try:
        if asked.reuse and recorded.exists():
            undisturbed = json.loads(recorded.read_text())
        else:
            undisturbed, findings = run_undisturbed(storm, report)
            if not _show(console, "The undisturbed run", Verdict(findings)):
                return 1
        verdict = run_disturbed(storm, undisturbed, report)
    except (Problem, StackError) as trouble:
        console.print(f"The storm could not be brought to its end: {trouble}", markup=False)
        console.print(f"Seed {asked.seed}. The logs lie in {out}.", markup=False)
        return 1
    holds = _show(console, "The storm", verdict)
    if not holds:
        console.print(f"Seed {asked.seed}. The logs lie in {out / 'disturbed' / 'logs'}.", markup=False)
    return 0 if holds else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="chooses input, victims and moments (7)")
    parser.add_argument("--requests", type=int, default=REQUESTS, help=f"size of the input ({REQUESTS})")
    parser.add_argument(
        "--kills", type=int, default=20, help="kills of each service, the broker and the database (20)"
    )
    parser.add_argument("--bank-kills", type=int, default=1, help="kills of the sandbox bank (1)")
    parser.add_argument(
        "--breath", type=float, default=1.5, help="seconds from one kill to the next, on average (1.5)"
    )
    parser.add_argument(
        "--pauses", type=int, default=2, help="freezes of each part past its Kafka session, at most (2)"
    )
    parser.add_argument(
        "--blackouts", type=int, default=1, help="times that everything is killed at the same moment (1)"
    )
    parser.add_argument(
        "--minutes", type=float, default=60, help="after so many no more kills, whatever is left (60)"
    )
    parser.add_argument("--out", type=Path, default=Path("var/storm"), help="where everything is left")
    parser.add_argument("--port-base", type=int, default=None, help="the first of a hundred ports")
    parser.add_argument(
        "--reuse", action="store_true", help="compare with the undisturbed run recorded in --out"
    )
    return parser.parse_args()


def _show(console: Console, title: str, verdict: Verdict) -> bool:
    if verdict.kills:
        kills = Table(title="Killed, and frozen past the session, with work in flight", title_justify="left")
        kills.add_column("part")
        kills.add_column("kills", justify="right")
        kills.add_column("wanted", justify="right")
        kills.add_column("frozen", justify="right")
        for part in PARTS:
            kills.add_row(
                part, str(verdict.kills[part]), str(verdict.wanted.get(part, 0)), str(verdict.paused[part])
            )
        console.print(kills)
    table = Table(title=title, title_justify="left")
    table.add_column("what must hold")
    table.add_column("looked at", justify="right")
    table.add_column("")
    for finding in verdict.findings:
        mark = "holds" if finding.holds else f"BROKEN {len(finding.objections)}"
        table.add_row(finding.name, f"{finding.looked_at:,}", mark)
    console.print(table)
    for finding in verdict.findings:
        for objection in finding.objections[:SHOWN]:
            console.print(f"  {finding.name}: {objection}", markup=False, soft_wrap=True)
        if len(finding.objections) > SHOWN:
            console.print(f"  ... and {len(finding.objections) - SHOWN} more")
    if verdict.died:
        console.print(f"{len(verdict.died)} times a part ended by itself and was started again:")
        for sentence in verdict.died[:SHOWN]:
            console.print(f"  {sentence}", markup=False, soft_wrap=True)
    for part in verdict.short_of:
        console.print(f"  {part} was killed {verdict.kills[part]} times only: give --requests more to do.")
    console.print("Everything agrees." if verdict.holds else "Something does not agree; see above.")
    return verdict.holds


if __name__ == "__main__":
    sys.exit(main())
