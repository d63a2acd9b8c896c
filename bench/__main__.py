"""``python -m bench``: the chassis beside a bare chain, then the whole line; the figures go to bench/RESULTS.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.line.__main__ import run

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    """Measure both, one after the other, on this machine; takes about ten minutes."""
    chain = subprocess.run(
        [sys.executable, "-m", "bench.chassis_chain"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    line = run(Path("var/bench"), 19600, 20_000, 3, 300.0, bare=True)
    RESULTS.write_text(f"# Measured\n\n## The chassis\n\n{chain.strip()}\n\n## The line\n\n{line}\n", "utf-8")
    print(RESULTS.read_text("utf-8"))


if __name__ == "__main__":
    main()
