"""The bank's own reader of incoming NACHA files: one whole file against one set of patterns, strict in everything.

Written apart from the services' codec on purpose: two readers that share no code must agree.
"""

import re
from dataclasses import dataclass
from datetime import date


class Refusal(Exception):
    """Why a file is not taken. Carries no value of the file."""

    def __init__(self, reason: str, line: int | None = None, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.field = field


@dataclass(frozen=True)
class IncomingEntry:
    line: int
    code: int
    routing: str
    account: str
    amount_cents: int
    identification: str
    name: str
    trace: str
    addenda: str | None
    company_id: str
    company_name: str
    sec: str
    description: str
    effective: date

    @property
    def is_reversal(self) -> bool:
        """A debit, which takes an earlier credit back. Customers may send no other debit."""
        return self.code in DEBIT_CODES


@dataclass(frozen=True)
class IncomingFile:
    origin: str
    origin_name: str
    created_on: date
    modifier: str
    entries: tuple[IncomingEntry, ...]
    credit_cents: int
    entry_hash: int


DEBIT_CODES = (27, 37)
REVERSAL = "REVERSAL"
_ASCII = re.compile(rb"[\x20-\x7e]{94}")
_FILE = re.compile(
    r"101 (?P<destination>\d{9})(?P<origin>[ \dA-Z]\d{9})(?P<date>\d{6})\d{4}(?P<modifier>[A-Z0-9])094101"
    r"(?P<destination_name>.{23})(?P<origin_name>.{23}).{8}"
)
_BATCH = re.compile(
    r"5(?P<service>200|220|225)(?P<name>\S.{15}).{20}(?P<company>\S.{9})(?P<sec>CCD|PPD)(?P<description>\S.{9}).{6}"
    r"(?P<effective>\d{6})   1(?P<odfi>\d{8})(?P<number>\d{7})"
)
_ENTRY = re.compile(
    r"6(?P<code>22|27|32|37)(?P<routing>\d{9})(?P<account>[!-~].{16})(?P<amount>\d{10})(?P<id>.{15})(?P<name>\S.{21})"
    r"..(?P<addenda>[01])(?P<trace>\d{15})"
)
_ADDENDA = re.compile(r"705(?P<information>\S.{79})(?P<sequence>\d{4})(?P<entry>\d{7})")
_BATCH_CONTROL = re.compile(
    r"8(?P<service>\d{3})(?P<count>\d{6})(?P<hash>\d{10})(?P<debit>\d{12})(?P<credit>\d{12})(?P<company>.{10})"
    r" {25}(?P<odfi>\d{8})(?P<number>\d{7})"
)
_FILE_CONTROL = re.compile(
    r"9(?P<batches>\d{6})(?P<blocks>\d{6})(?P<count>\d{8})(?P<hash>\d{10})(?P<debit>\d{12})(?P<credit>\d{12}) {39}"
)
_TRN = re.compile(r"TRN\*1\*[0-9A-Za-z]{1,50}\*1\d{9}[~\\] *")
_PATTERNS = {"1": _FILE, "5": _BATCH, "6": _ENTRY, "7": _ADDENDA, "8": _BATCH_CONTROL, "9": _FILE_CONTROL}
# What may follow what. The file control is followed by filler only.
_FOLLOWS = {"": "1", "1": "5", "5": "6", "6": "678", "7": "68", "8": "59", "9": ""}
_MAX_BYTES = 200 * 1024 * 1024


def _weighted(routing: str) -> bool:
    return sum(int(digit) * (3, 7, 1)[place % 3] for place, digit in enumerate(routing)) % 10 == 0


def _split(content: bytes) -> list[str]:
    if not content:
        raise Refusal("empty")
    if len(content) > _MAX_BYTES:
        raise Refusal("too_large")
    if not content.endswith(b"\n"):
        raise Refusal("truncated")
    lines = content[:-1].split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not _ASCII.fullmatch(line):
            raise Refusal("line", number)
    if len(lines) % 10:
        raise Refusal("blocking", len(lines))
    return [line.decode("ascii") for line in lines]


def read(content: bytes, bank_routing: str) -> IncomingFile:
    """The whole file, or a Refusal. Nothing is believed before the file control agrees."""
    lines = _split(content)
    reading = _Reading(bank_routing)
    previous = ""
    for number, line in enumerate(lines, start=1):
        if previous == "9":
            if line != "9" * 94:
                raise Refusal("after_control", number)
            continue
        kind = line[0]
        if kind not in _FOLLOWS[previous]:
            raise Refusal("order", number)
        match = _PATTERNS[kind].fullmatch(line)
        if match is None:
            raise Refusal("record", number)
        reading.take(kind, number, match)
        previous = kind
    if previous != "9":
        raise Refusal("truncated", len(lines))
    if reading.blocks * 10 != len(lines):
        raise Refusal("control", field="block_count")
    return reading.result()


class _Reading:
    def __init__(self, bank_routing: str) -> None:
        self._bank = bank_routing
        self._file: re.Match[str] | None = None
        self._batch: re.Match[str] | None = None
        self._batches = 0
        self._entries: list[IncomingEntry] = []
        self._first_of_batch = 0
        self._batch_records = self._file_records = 0
        self._wants_addenda = False
        self._last_trace = ""
        self.blocks = 0

    def take(self, kind: str, number: int, match: re.Match[str]) -> None:
        if self._wants_addenda and kind != "7":
            raise Refusal("addenda", number)
        {
            "1": self._take_file,
            "5": self._take_batch,
            "6": self._take_entry,
            "7": self._take_addenda,
            "8": self._take_batch_control,
            "9": self._take_file_control,
        }[kind](number, match)

    def _take_file(self, number: int, match: re.Match[str]) -> None:
        if match["destination"] != self._bank:
            raise Refusal("destination", number)
        self._file = match
        _day(match["date"], number)

    def _take_batch(self, number: int, match: re.Match[str]) -> None:
        if match["odfi"] != self._bank[:8]:
            raise Refusal("odfi", number)
        if int(match["number"]) != self._batches + 1:
            raise Refusal("batch_number", number)
        if match["description"].rstrip() == "HCCLAIMPMT" and match["sec"] != "CCD":
            raise Refusal("sec_code", number)
        self._batch = match
        self._first_of_batch = len(self._entries)
        self._batch_records = 0

    def _take_entry(self, number: int, match: re.Match[str]) -> None:
        batch = self._batch
        assert batch is not None
        if not _weighted(match["routing"]) or match["routing"][:2] == "00":
            raise Refusal("routing", number)
        if int(match["amount"]) == 0:
            raise Refusal("amount", number)
        if match["trace"][:8] != self._bank[:8] or match["trace"] <= self._last_trace:
            raise Refusal("trace", number)
        is_debit = int(match["code"]) in DEBIT_CODES
        if is_debit != (batch["service"] == "225") or is_debit != (batch["description"].rstrip() == REVERSAL):
            raise Refusal("reversal", number)
        health_care = batch["description"].rstrip() == "HCCLAIMPMT"
        if health_care and match["addenda"] != "1":
            raise Refusal("addenda", number)
        self._last_trace = match["trace"]
        self._wants_addenda = match["addenda"] == "1"
        self._batch_records += 1
        self._entries.append(
            IncomingEntry(
                line=number,
                code=int(match["code"]),
                routing=match["routing"],
                account=match["account"].rstrip(),
                amount_cents=int(match["amount"]),
                identification=match["id"].rstrip(),
                name=match["name"].rstrip(),
                trace=match["trace"],
                addenda=None,
                company_id=batch["company"].rstrip(),
                company_name=batch["name"].rstrip(),
                sec=batch["sec"],
                description=batch["description"].rstrip(),
                effective=_day(batch["effective"], number),
            )
        )

    def _take_addenda(self, number: int, match: re.Match[str]) -> None:
        entry = self._entries[-1]
        if not self._wants_addenda:
            raise Refusal("addenda", number)
        if match["sequence"] != "0001" or match["entry"] != entry.trace[8:]:
            raise Refusal("addenda_trace", number)
        if entry.description == "HCCLAIMPMT" and not _TRN.fullmatch(match["information"]):
            raise Refusal("trn", number)
        self._wants_addenda = False
        self._batch_records += 1
        values = dict(entry.__dict__, addenda=match["information"].rstrip())
        self._entries[-1] = IncomingEntry(**values)

    def _take_batch_control(self, number: int, match: re.Match[str]) -> None:
        batch = self._batch
        assert batch is not None
        mine = self._entries[self._first_of_batch :]
        for name in ("service", "company", "odfi", "number"):
            if match[name] != batch[name]:
                raise Refusal("control", number, name)
        _agree(number, match, self._batch_records, mine)
        self._batches += 1
        self._file_records += self._batch_records

    def _take_file_control(self, number: int, match: re.Match[str]) -> None:
        if int(match["batches"]) != self._batches:
            raise Refusal("control", number, "batch_count")
        _agree(number, match, self._file_records, self._entries)
        self.blocks = int(match["blocks"])

    def result(self) -> IncomingFile:
        file = self._file
        assert file is not None
        return IncomingFile(
            origin=file["origin"],
            origin_name=file["origin_name"].rstrip(),
            created_on=_day(file["date"], 1),
            modifier=file["modifier"],
            entries=tuple(self._entries),
            credit_cents=_cents(self._entries, debits=False),
            entry_hash=_hash(self._entries),
        )


def _hash(entries: list[IncomingEntry]) -> int:
    return sum(int(entry.routing[:8]) for entry in entries) % 10_000_000_000


def _cents(entries: list[IncomingEntry], *, debits: bool) -> int:
    return sum(entry.amount_cents for entry in entries if entry.is_reversal is debits)


def _agree(number: int, match: re.Match[str], records: int, entries: list[IncomingEntry]) -> None:
    for field, found in (
        ("count", records),
        ("hash", _hash(entries)),
        ("debit", _cents(entries, debits=True)),
        ("credit", _cents(entries, debits=False)),
    ):
        if int(match[field]) != found:
            raise Refusal("control", number, field)


def _day(text: str, number: int) -> date:
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        raise Refusal("date", number) from None
