"""``python -m bench``: what is found of what is billed twice, and what history costs; the chassis beside a
bare chain, the whole line beside its peer, then ten minutes of load.

Takes about half an hour. Each part is written to bench/RESULTS.md as soon as it is measured; what a person has to say
about the figures stands in bench/NOTES.md and is copied behind them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench import chassis_chain, duplicates_at_scale, duplicates_found, validation_decision
from bench.line import flat
from bench.line.__main__ import WARM, fresh_stack, measure
from bench.line.report import report
from bench.measure import Spread
from stack import LocalStack
from stack.local_stack import INFRASTRUCTURE
from stack.ports import find_free_base

HERE = Path(__file__).parent
SUSTAINED_SHARE = 0.6
"""Of the rate that a backlog was worked off with: what is kept up for minutes, with the generator on the same cores."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=int, default=10, help="of sustained load")
    parser.add_argument(
        "--rows", type=int, default=10_000_000, help="of history beside which duplicates are looked for"
    )
    asked = parser.parse_args()
    results = Results()
    results.add("Rules and decisions", validation_decision.measure())
    results.add("Duplicates found", duplicates_found.measure())
    results.add("Duplicates beside history", duplicates_at_scale.run(asked.rows))
    with (
        tempfile.TemporaryDirectory() as made,
        LocalStack(Path(made), find_free_base(), parts=INFRASTRUCTURE) as infrastructure,
    ):
        chain = asyncio.run(chassis_chain.measure(infrastructure, 30_000, asked.rounds))
    results.add("The chassis alone", "\n".join(chain))
    with fresh_stack(Path("var/bench"), 19600) as stack:
        figures = measure(stack, 20_000, asked.rounds, 300.0, bare=True)
    results.add("The line", report(figures))
    rate = Spread.of([one.rate for one in figures.lines]).median * SUSTAINED_SHARE // 100 * 100
    with fresh_stack(Path("var/bench"), 19600) as stack:
        results.add("Sustained load", flat.report(rate, flat.run(stack, WARM, rate, asked.minutes)))


class Results:
    """The document, written again after each part."""

    def __init__(self) -> None:
        self._text = "# Measured\n\nWritten by `make bench`.\n"

    def add(self, title: str, section: str) -> None:
        self._text += f"\n## {title}\n\n{section.strip()}\n"
        notes = (HERE / "NOTES.md").read_text("utf-8")
        (HERE / "RESULTS.md").write_text(f"{self._text}\n{notes}", "utf-8")
        sys.stdout.write(f"{section}\n")


if __name__ == "__main__":
    main()
