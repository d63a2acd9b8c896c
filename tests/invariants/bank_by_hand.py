"""A bank that answers when and what it is told to: right, twice, late, out of order, or against its own word."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sandbox_bank import answers
from sandbox_bank.strict_nacha import DEBIT_CODES

ROUTING, ORIGIN = "121042882", "1210428820"


@dataclass
class Entry:
    """One entry of a file as this bank read it: columns of the NACHA record, nothing of the sender's own."""

    file: str
    code: int
    company: str
    company_name: str
    sec: str
    description: str
    routing: str
    account: str
    cents: int
    identification: str
    name: str
    trace: str
    addenda: str | None = None
    refused: bool = False
    settled: bool = False
    returned: bool = False

    @property
    def takes_back(self) -> bool:
        """A debit: it takes back what an earlier credit gave."""
        return self.code in DEBIT_CODES

    @property
    def is_due(self) -> bool:
        return not (self.refused or self.settled or self.returned)

    def row(self, number: int, code: str = "R03") -> dict[str, Any]:
        """As the sandbox bank's writers take it."""
        return {
            "id": number, "file_id": number, "file_name": self.file, "company_id": self.company,
            "company_name": self.company_name, "sec": self.sec, "description": self.description, "code": self.code,
            "routing": self.routing, "account": self.account, "amount_cents": self.cents,
            "identification": self.identification, "name": self.name, "trace": self.trace, "addenda": self.addenda,
            "return_code": code,
        }  # fmt: skip


@dataclass
class BankFile:
    name: str
    content: bytes
    entries: list[Entry] = field(default_factory=list)
    answered: str | None = None


class BankByHand:
    """Takes what is in the inbox, and leaves answers in the outbox."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: list[BankFile] = []
        self._answers = 0
        self._last_answer: tuple[str, bytes] | None = None

    def collect(self) -> None:
        """Every file that has left, taken once and for good."""
        for path in sorted((self.directory / "inbox").glob("*.ach")):
            content = path.read_bytes()
            self.files.append(BankFile(path.name, content, _entries(path.name, content)))
            path.unlink()

    @property
    def entries(self) -> list[Entry]:
        return [entry for file in self.files for entry in file.entries]

    def acknowledge(self, file: BankFile, status: str, refuse: list[Entry]) -> None:
        if file.answered is None:
            file.answered = status
            for entry in file.entries if status == "refused" else refuse:
                entry.refused = True
        control = next(line for line in reversed(file.content.decode().splitlines()) if line != "9" * 94)
        answer = {
            "type": "acknowledgement", "file": file.name, "sha256": hashlib.sha256(file.content).hexdigest(),
            "size": len(file.content), "received_at": "2026-11-16T21:00:00+00:00", "status": status,
            "reason": "control" if status == "refused" else None, "entries": len(file.entries),
            "credit_cents": sum(entry.cents for entry in file.entries if not entry.takes_back),
            "entry_hash": int(control[21:31]),
            "refused_entries": [
                {
                    "trace": one.trace, "amount_cents": one.cents,
                    "reason": "reversal_refused" if one.takes_back else "account_refused",
                }
                for one in refuse
            ],
        }  # fmt: skip
        self._leave("json", json.dumps(answer).encode())

    def settle(self, entries: list[Entry], day: date) -> None:
        for entry in entries:
            entry.settled = True
        self._leave("xml", _statement([one.row(7) for one in entries], day))

    def send_back(self, entry: Entry, day: date) -> None:
        entry.returned = True
        rows: Any = [entry.row(1)]
        content = answers.return_file(
            rows, bank_routing=ROUTING, origin=ORIGIN, day=day, modifier="A", first_trace=self._answers + 1
        )
        self._leave("ach", content)

    def repeat(self) -> None:
        """The last answer once more, under another name."""
        if self._last_answer is not None:
            self._leave(*self._last_answer)

    def _leave(self, kind: str, content: bytes) -> None:
        self._answers += 1
        self._last_answer = (kind, content)
        outbox = self.directory / "outbox"
        part = outbox / f".{self._answers}.part"
        part.write_bytes(content)
        part.rename(outbox / f"{self._answers:05d}.{kind}")


def _statement(rows: Any, day: date) -> bytes:
    opening = {row["company_id"]: 10**10 for row in rows}
    return answers.statement(day, datetime(2026, 1, 1, tzinfo=UTC), 1, rows, [], opening)


def _entries(file: str, content: bytes) -> list[Entry]:
    found: list[Entry] = []
    company = company_name = sec = description = ""
    for line in content.decode("ascii").splitlines():
        if line[0] == "5":
            company_name, company, sec, description = line[4:20], line[40:50], line[50:53], line[53:63]
        elif line[0] == "6":
            found.append(
                Entry(
                    file, int(line[1:3]), company, company_name.strip(), sec, description.strip(),
                    line[3:12], line[12:29].strip(),
                    int(line[29:39]), line[39:54].strip(), line[54:76].strip(), line[79:94],
                )
            )  # fmt: skip
        elif line[0] == "7":
            found[-1].addenda = line[3:83].strip()
    return found
