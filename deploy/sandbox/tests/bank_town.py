"""A bank with its clock and directories, files for it built by hand, and a reader of its statements."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyiso20022.camt import camt_053_001_08
from xsdata.formats.dataclass.parsers import XmlParser

from sandbox_bank.bank import Bank
from sandbox_bank.settings import Settings

BANK = "121042882"
MONDAY = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)  # 15:30 in New York; effective on Tuesday


def nacha(
    accounts: list[tuple[str, int]], *, modifier: str = "A", first: int = 1, effective: str = "261124"
) -> bytes:
    """A file of ours, built by hand."""
    lines = [
        f"101 {BANK}1987654321261123153{0}{modifier}094101{'SANDBOX BANK':23}{'DEMO HEALTH PLAN':23}{'':8}"
    ]
    lines.append(
        f"5220{'DEMO HEALTH PLAN':16}{'':20}{'1987654321':10}CCD{'HCCLAIMPMT':10}{effective}{effective}"
        f"   1{BANK[:8]}0000001"
    )
    for number, (account, cents) in enumerate(accounts, start=first):
        trace = f"{BANK[:8]}{number:07d}"
        lines.append(f"622091000019{account:17}{cents:010d}{'1234567893':15}{'OAKWOOD CLINIC':22}  1{trace}")
        lines.append(f"705{f'TRN*1*T{number}*1987654321~':80}0001{number:07d}")
    hashed, total = 9100001 * len(accounts), sum(cents for _, cents in accounts)
    sums = f"{hashed:010d}{0:012d}{total:012d}"
    lines.append(f"8220{2 * len(accounts):06d}{sums}{'1987654321':10}{'':25}{BANK[:8]}0000001")
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(f"9000001{blocks:06d}{2 * len(accounts):08d}{sums}{'':39}")
    lines += ["9" * 94] * (blocks * 10 - len(lines))
    return "".join(line + "\n" for line in lines).encode()


class Town:
    """A bank, its clock and its directories."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.clock = base / "clock.json"
        self.at(MONDAY)
        self.settings = Settings(
            bank_directory=base / "bank",
            clock_file=self.clock,
            BANK_COLLECT_SECONDS_MAX=0.0,
            BANK_POLL_SECONDS=0.01,
        )
        self.bank = Bank(self.settings)
        self.bank.tick()

    def at(self, instant: datetime) -> None:
        new = self.clock.with_suffix(".new")
        new.write_text(json.dumps({"now": instant.isoformat()}))
        new.replace(self.clock)

    def drop(self, name: str, content: bytes) -> None:
        part = self.settings.bank_directory / "inbox" / f"{name}.part"
        part.write_bytes(content)
        part.rename(part.with_suffix(""))

    def day(self, day: int) -> None:
        """The evening of a day of November, in New York."""
        self.at(datetime(2026, 11, day, 23, 50, tzinfo=UTC))
        self.bank.tick()

    def answers(self, start: str) -> dict[str, bytes]:
        found = (self.settings.bank_directory / "outbox").glob(f"{start}*")
        return {file.name: file.read_bytes() for file in sorted(found)}

    def ack(self, name: str) -> dict[str, Any]:
        (content,) = [body for file, body in self.answers("ack-").items() if name in file]
        return json.loads(content)  # type: ignore[no-any-return]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.settings.bank_directory / "ledger.sqlite3") as db:
            return db.execute(query).fetchall()


def settled(content: bytes, side: str = "DBIT") -> list[tuple[str, str, str]]:
    """(trace, end to end id, amount) of a statement, by a reader of the standard's own models."""
    document = XmlParser().from_bytes(content, camt_053_001_08.Document)
    found = []
    for stmt in document.bk_to_cstmr_stmt.stmt:
        signed = {"CRDT": 1, "DBIT": -1}
        opening, closing = (b.amt.value * signed[b.cdt_dbt_ind.value] for b in stmt.bal)
        moved = sum(n.amt.value * signed[n.cdt_dbt_ind.value] for n in stmt.ntry)
        assert opening + moved == closing
        for entry in stmt.ntry:
            details = entry.ntry_dtls[0]
            assert entry.amt.value == sum(t.amt.value for t in details.tx_dtls) == details.btch.ttl_amt.value
            assert details.btch.nb_of_txs == str(len(details.tx_dtls))
            if entry.cdt_dbt_ind.value == side:
                found += [
                    (t.refs.acct_svcr_ref, t.refs.end_to_end_id, str(t.amt.value)) for t in details.tx_dtls
                ]
    return found
