"""`python -m synthea_to_csv FOLDER OUT --seed 7`: convert, then run `throughline demo --input OUT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from synthea_to_csv.convert import write_conversion


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m synthea_to_csv", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder with claims.csv, claims_transactions.csv, ...")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    done = write_conversion(arguments.folder, arguments.out, arguments.seed)
    print(f"{len(done.requests):,} claims in {arguments.out / 'claims.csv'}")
    print(f"{len(done.left_out):,} left out; left-out.txt says why")


if __name__ == "__main__":
    main()
