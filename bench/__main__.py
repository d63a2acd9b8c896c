"""``python -m bench``: what rules and a decision cost; what is found of what is billed twice, and what history
costs; the chassis beside a bare chain, the whole line beside its peer, then ten minutes of load.

Takes about half an hour. Each part is written to bench/RESULTS.md as soon as it is measured; what a person has to say
about the figures stands in bench/NOTES.md and is copied behind them. ``--quick`` shows that each part runs: all of
them in small, in some ten minutes, printed and not written.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from labelled_duplicates.generate import REQUESTS

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


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of each part."""

    rounds: int = 3
    minutes: int = 10
    rows: int = 10_000_000
    settle: int = duplicates_at_scale.SETTLE
    labelled: int = REQUESTS
    chained: int = 30_000
    requests: int = 20_000


QUICK = Sizes(rounds=1, minutes=1, rows=20_000, settle=10, labelled=5_000, chained=3_000, requests=2_000)


def main() -> None:
    usual = Sizes()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--minutes", type=int, default=usual.minutes, help="of sustained load")
    parser.add_argument(
        "--rows", type=int, default=usual.rows, help="of history beside which duplicates are looked for"
    )
    parser.add_argument("--quick", action="store_true", help="each part in small, nothing written")
    asked = parser.parse_args()
    sizes = QUICK if asked.quick else Sizes(asked.rounds, asked.minutes, asked.rows)
    measure_all(sizes, Results(written=not asked.quick))


def measure_all(sizes: Sizes, results: Results) -> None:
    results.add("Rules and decisions", validation_decision.measure())
    results.add("Duplicates found", duplicates_found.measure(requests=sizes.labelled))
    results.add("Duplicates beside history", duplicates_at_scale.run(sizes.rows, settle=sizes.settle))
    with (
        tempfile.TemporaryDirectory() as made,
        LocalStack(Path(made), find_free_base(), parts=INFRASTRUCTURE) as infrastructure,
    ):
        chain = asyncio.run(chassis_chain.measure(infrastructure, sizes.chained, sizes.rounds))
    results.add("The chassis alone", "\n".join(chain))
    with fresh_stack(Path("var/bench"), 19600) as stack:
        figures = measure(stack, sizes.requests, sizes.rounds, 300.0, bare=True)
    results.add("The line", report(figures))
    worked_off = Spread.of([one.rate for one in figures.lines]).median
    rate = max(100, worked_off * SUSTAINED_SHARE // 100 * 100)
    with fresh_stack(Path("var/bench"), 19600) as stack:
        results.add("Sustained load", flat.report(rate, flat.run(stack, WARM, rate, sizes.minutes)))


class Results:
    """The document, written again after each part."""

    def __init__(self, *, written: bool) -> None:
        self._written = written
        self._text = "# Measured\n\nWritten by `make bench`.\n"

    def add(self, title: str, section: str) -> None:
        self._text += f"\n## {title}\n\n{section.strip()}\n"
        if self._written:
            notes = (HERE / "NOTES.md").read_text("utf-8")
            (HERE / "RESULTS.md").write_text(f"{self._text}\n{notes}", "utf-8")
        sys.stdout.write(f"{section}\n")


if __name__ == "__main__":
    main()
