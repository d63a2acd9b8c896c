"""How many of the dates that people were told at their approval held: the portal counts, the demo says it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx

from throughline_cli.demo.place import Place

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Dates:
    """Of the requests that settled or should have, those told their day at approval, and those whose day it was."""

    held: int
    told: int

    def __str__(self) -> str:
        return f"dates foretold: {self.held:,} of {self.told:,} held"


def dates_foretold(place: Place, client: httpx.Client) -> Dates | None:
    """As the portal counted them after now; None where it does not within a while."""
    asked, deadline = time.time(), time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        counted = _metrics(client.get(f"{place.url('portal')}/metrics").text)
        if counted.get("throughline_portal_dates_counted_timestamp_seconds", 0.0) > asked:
            held, missed = (int(counted.get(_NAME.format(one), 0)) for one in ("held", "missed"))
            return Dates(held, held + missed)
        time.sleep(0.2)
    return None


_NAME = 'throughline_portal_dates{{outcome="{}"}}'


def _metrics(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
