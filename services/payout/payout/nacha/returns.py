"""What a bank sends back: returned entries (addenda 99) and notifications of change (addenda 98).

Sources: Nacha Operating Rules, appendix four; field positions checked against moov-io/ach addenda99.go,
addenda98.go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from payout.nacha import codes
from payout.nacha.errors import Fault, NachaRefused
from payout.nacha.frame import Frame
from payout.nacha.read import read_records
from payout.nacha.records import Addenda, BatchHeader, EntryDetail, FileHeader, Record

_RETURN_CODE = re.compile(r"R\d\d")
_CHANGE_CODE = re.compile(r"C\d\d")
_RETURN_FILE_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReturnedEntry:
    """One entry that came back. Matched to ours by `original_trace`, and then by amount."""

    line: int
    code: str  # R01..R99
    original_trace: str
    original_rdfi: str
    amount_cents: int
    is_credit: bool  # what came back: a credit of ours, or a debit
    company_id: str
    description: str
    trace: str
    information: str


@dataclass(frozen=True, slots=True)
class NotificationOfChange:
    """The receiving bank says what should be different next time. It moves no money and edits no account
    by itself.
    """

    line: int
    code: str  # C01..C69
    original_trace: str
    original_rdfi: str
    corrected: str
    company_id: str
    trace: str


@dataclass(frozen=True, slots=True)
class ReturnFile:
    """A whole return file whose controls agree."""

    header: FileHeader
    returned: tuple[ReturnedEntry, ...]
    changes: tuple[NotificationOfChange, ...]


def read_return_file(
    stream: BinaryIO, frame: Frame = Frame.LENIENT, *, max_bytes: int = _RETURN_FILE_LIMIT
) -> ReturnFile:
    """Reads all of it, or refuses all of it: a half-read return file posts nothing. Raises NachaRefused."""
    records = read_records(stream, frame, max_bytes=max_bytes)
    header = next(records)
    if not isinstance(header, FileHeader):  # read_records yields a file header first or refuses
        raise NachaRefused(Fault.ORDER, line=1)
    returned: list[ReturnedEntry] = []
    changes: list[NotificationOfChange] = []
    for item in _answers(records):
        if isinstance(item, ReturnedEntry):
            returned.append(item)
        else:
            changes.append(item)
    return ReturnFile(header, tuple(returned), tuple(changes))


def _answers(records: Iterator[Record]) -> Iterator[ReturnedEntry | NotificationOfChange]:
    batch: BatchHeader | None = None
    entry: EntryDetail | None = None
    for record in records:
        if isinstance(record, BatchHeader):
            batch, entry = record, None
        elif isinstance(record, EntryDetail):
            if entry is not None:
                raise NachaRefused(Fault.ADDENDA, line=entry.line)
            if not record.has_addenda:
                raise NachaRefused(Fault.ADDENDA, line=record.line, field="addenda_indicator")
            entry = record
        elif isinstance(record, Addenda):
            if batch is None or entry is None:
                raise NachaRefused(Fault.ADDENDA, line=record.line)
            yield _answer(batch, entry, record)
            entry = None


def _answer(batch: BatchHeader, entry: EntryDetail, addenda: Addenda) -> ReturnedEntry | NotificationOfChange:
    raw = addenda.record
    original_trace, original_rdfi = raw[6:21], raw[27:35]
    for field, digits in (("original_trace", original_trace), ("original_rdfi", original_rdfi)):
        if not (digits.isascii() and digits.isdigit()):
            raise NachaRefused(Fault.NUMBER, line=addenda.line, field=field)
    if addenda.type == "99":
        if _RETURN_CODE.fullmatch(raw[3:6]) is None:
            raise NachaRefused(Fault.RECORD, line=addenda.line, field="return_code")
        return ReturnedEntry(
            line=entry.line,
            code=raw[3:6],
            original_trace=original_trace,
            original_rdfi=original_rdfi,
            amount_cents=entry.amount_cents,
            is_credit=entry.code in codes.CREDITS,
            company_id=batch.company_id,
            description=batch.description,
            trace=raw[79:94],
            information=raw[35:79].rstrip(),
        )
    if addenda.type == "98" and _CHANGE_CODE.fullmatch(raw[3:6]) is not None:
        return NotificationOfChange(
            line=entry.line,
            code=raw[3:6],
            original_trace=original_trace,
            original_rdfi=original_rdfi,
            corrected=raw[35:64].rstrip(),
            company_id=batch.company_id,
            trace=raw[79:94],
        )
    raise NachaRefused(Fault.ADDENDA, line=addenda.line, field="addenda_type")
