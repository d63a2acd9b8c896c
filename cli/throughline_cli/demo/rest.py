"""Waiting by condition: until every service has heard and said everything, until the bank has lived to an instant."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx

from throughline_cli.demo.place import Place
from throughline_cli.errors import Problem
from throughline_cli.witness import Witness

PATIENCE_SECONDS = 300.0
"""How long nothing may move before the demo gives up."""


class Rest:
    """Watches the line until it stands still."""

    def __init__(self, place: Place, witness: Witness) -> None:
        self._place = place
        self._witness = witness
        self._client = httpx.Client(timeout=10)
        self._born = set(place.stack.running())
        self.stops_at_the_dead = False
        """Whether a process of the stack that ended is the end of the wait: nobody will start it again."""

    def close(self) -> None:
        self._client.close()

    def wait(self, told: Callable[[str], None] = lambda sentence: None) -> None:
        """Until all services are idle twice in a row with the same log ends, and the witness has heard all of it."""
        before: dict[tuple[str, int], int] = {}

        def still() -> bool:
            nonlocal before
            busy = self.busy()
            told(f"waiting for {', '.join(busy)}" if busy else "coming to rest")
            if busy:
                before = {}
                return False
            now = self._witness.log_ends()
            same, before = now == before, now
            return same and self._witness.is_at_end()

        self.until(still, "the line to come to rest")

    def busy(self) -> list[str]:
        """Services that have something to hear or to say."""
        return [url for url in self._place.urls() if not self._is_idle(url)]

    def _is_idle(self, url: str) -> bool:
        try:
            answer = self._client.get(f"{url}/idle")
            return answer.status_code == 200 and bool(answer.json()["idle"])
        except (httpx.HTTPError, ValueError, KeyError):
            return False

    def _dead(self) -> list[str]:
        return sorted(self._born - self._place.stack.running().keys())

    def until(self, holds: Callable[[], bool], what: str, patience: float = PATIENCE_SECONDS) -> None:
        """Asks again and again; gives up when nothing at all is heard for a long time."""
        heard, since = self._witness.heard(), time.monotonic()
        while not holds():
            if self._witness.heard() != heard:
                heard, since = self._witness.heard(), time.monotonic()
            if self.stops_at_the_dead and (dead := self._dead()):
                raise Problem(
                    f"{', '.join(dead)} ended while waiting for {what}.",
                    f"See the log in {self._place.stack.places.logs}.",
                )
            if time.monotonic() - since > patience:
                busy = ", ".join(self.busy()) or "no service"
                raise Problem(
                    f"Waited {patience:.0f} seconds for {what}, and nothing moved; busy: {busy}.",
                    f"The logs lie in {self._place.stack.places.logs}.",
                )
            time.sleep(0.15)

    def until_bank_lived(self, through: datetime) -> None:
        """Until the bank has collected what lay in its inbox, and settled and answered everything up to an instant."""
        self.until(lambda: bank_has_lived(self._place.bank, through), "the bank to answer")


def bank_has_lived(bank: Path, through: datetime) -> bool:
    if any((bank / "inbox").glob("[!.]*")):
        return False
    try:
        with sqlite3.connect(f"file:{bank / 'ledger.sqlite3'}?mode=ro", uri=True) as ledger:
            row = ledger.execute("select through from progress").fetchone()
            unwritten = ledger.execute("select count(*) from answers where written = 0").fetchone()[0]
    except sqlite3.OperationalError:
        return False
    return row is not None and datetime.fromisoformat(row[0]) >= through and not unwritten
