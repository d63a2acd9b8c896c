"""``python -m labelled_duplicates OUT``: the labelled set as JSON lines, the request beside what is true of it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from labelled_duplicates.generate import REQUESTS, SHARE_OF_DUPLICATES, generate


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m labelled_duplicates", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--share", type=float, default=SHARE_OF_DUPLICATES)
    asked = parser.parse_args()
    with asked.out.open("w", encoding="utf-8") as file:
        for place, bill in enumerate(generate(asked.seed, asked.requests, asked.share)):
            told = {
                "place": place, "label": bill.label, "case": bill.case, "of": bill.of, "partner": bill.partner,
                "channel": bill.channel, "received_on": bill.received_on.isoformat(),
                "request": json.loads(bill.request().model_dump_json(exclude_none=True)),
            }  # fmt: skip
            file.write(json.dumps(told, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
