"""The demo's own reader of what the bank took and said: entries of NACHA files, traces of statements and returns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file that the bank collected."""

    file: str
    trace: str
    code: str
    amount_cents: int
    account: str
    effective: str
    trn: str
    """The TRN segment of its addenda, without the terminator; empty where it has none."""

    @property
    def trace_number(self) -> str:
        """TRN02."""
        parts = self.trn.split("*")
        return parts[2] if len(parts) > 2 else ""


def entries_of(content: str, file: str) -> list[Entry]:
    """The entries of one file, addenda joined. Raises ValueError where the file's control total is not their sum."""
    found: list[Entry] = []
    effective = ""
    for line in re.findall(".{94}", content.replace("\r", "").replace("\n", "")):
        match line[0]:
            case "5":
                effective = line[69:75]
            case "6":
                found.append(
                    Entry(file, line[79:94], line[1:3], int(line[29:39]), line[12:29].strip(), effective, "")
                )
            case "7":
                last = found.pop()
                trn = line[3:83].strip().rstrip("~\\")
                found.append(
                    Entry(file, last.trace, last.code, last.amount_cents, last.account, last.effective, trn)
                )
            case "9" if line != "9" * 94:
                if int(line[43:55]) != sum(entry.amount_cents for entry in found):
                    raise ValueError(f"{file}: the control total is not the sum of the entries")
    return found


def delivered_entries(bank: Path) -> list[Entry]:
    """Every entry of every file that left for the bank, collected or still in its inbox."""
    files = [path for folder in ("collected", "inbox") for path in sorted((bank / folder).glob("[!.]*"))]
    return [
        entry
        for path in files
        if path.suffix != ".part"
        for entry in entries_of(path.read_text("ascii"), path.name)
    ]


@dataclass
class BankWord:
    """What the bank said, by the trace of each entry."""

    refused: set[str]
    settled: dict[str, int]
    """Cents by trace; a statement sent twice counts once."""
    returned: dict[str, str]
    """Return code by original trace."""
    refused_files: set[str]


def heard_from(bank: Path) -> BankWord:
    word = BankWord(set(), {}, {}, set())
    for path in sorted((bank / "outbox").glob("ack-*.json")):
        told = json.loads(path.read_text())
        word.refused |= {entry["trace"] for entry in told["refused_entries"]}
        if told["status"] == "refused":
            word.refused_files.add(told["file"])
    for path in sorted((bank / "outbox").glob("camt053-*.xml")):
        for movement in re.findall(r"<TxDtls>.*?</TxDtls>", path.read_text(), re.DOTALL):
            if "<CdtDbtInd>DBIT</CdtDbtInd>" in movement:
                trace = _between(movement, "<AcctSvcrRef>", "</AcctSvcrRef>")
                amount = re.search(r"<Amt[^>]*>(\d+)\.(\d\d)</Amt>", movement)
                word.settled[trace] = int(amount[1]) * 100 + int(amount[2]) if amount else 0
    for path in sorted((bank / "outbox").glob("return-*.ach")):
        for line in path.read_text().splitlines():
            if line.startswith("799"):
                word.returned[line[6:21]] = line[3:6]
    return word


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]
