"""`python -m sample_input OUT --seed 7`: write the sample and its expected outcomes into a folder."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from sample_input.generate import REQUESTS, write_sample


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sample_input", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    arguments = parser.parse_args()
    feed = write_sample(arguments.out, arguments.seed, arguments.requests)
    answers = Counter(one.outcome for one in feed.answers)
    states = Counter(f"{one.state} {one.substatus or ''}".strip() for one in feed.requests.values())
    for counted in (answers, states):
        for name, count in sorted(counted.items()):
            print(f"{count:7,} {name}")


if __name__ == "__main__":
    main()
