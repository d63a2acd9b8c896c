"""The Synthea tables that a claim needs, read as they are."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
UNINSURED = "NO_INSURANCE"


@dataclass(frozen=True)
class Synthea:
    claims: list[Row]
    charges: dict[str, list[Row]]
    """The CHARGE transactions by claim, in the order of the file."""
    patients: dict[str, Row]
    providers: dict[str, Row]
    organizations: dict[str, Row]
    payers: dict[str, Row]


def read_synthea(folder: Path) -> Synthea:
    """Raises FileNotFoundError naming the table that is missing."""
    charges: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(folder / "claims_transactions.csv"):
        if row["TYPE"] == "CHARGE":
            charges[row["CLAIMID"]].append(row)
    return Synthea(
        claims=_rows(folder / "claims.csv"),
        charges=charges,
        patients=_by_id(folder / "patients.csv"),
        providers=_by_id(folder / "providers.csv"),
        organizations=_by_id(folder / "organizations.csv"),
        payers=_by_id(folder / "payers.csv"),
    )


def _rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _by_id(path: Path) -> dict[str, Row]:
    return {row["Id"]: row for row in _rows(path)}
