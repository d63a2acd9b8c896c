"""A NACHA file written record by record into a sink: bounded memory, and the same bytes for the same facts.

Time is an argument. Sources: Nacha Operating Rules, appendix three; domain facts on CCD+ (HCCLAIMPMT, one
addenda 05).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from payout.nacha import codes, fields, trn
from payout.nacha.errors import Fault, Unencodable
from payout.nacha.fields import FieldRefused
from payout.nacha.routing import is_routing_number

HEALTH_CARE_CLAIM_PAYMENT = "HCCLAIMPMT"
_FILLER = b"9" * 94 + b"\n"
_BLOCK = 10


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Who sends to whom, and when (`created_at` in the bank's local time; the file says neither zone nor
    seconds).
    """

    destination: str  # the bank's nine-digit routing number
    origin: str  # ten characters, as the bank assigns
    created_at: datetime
    modifier: str  # A-Z, 0-9: which file of the day
    destination_name: str
    origin_name: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """One batch: one originator, one SEC code, one effective entry date. Credits only unless said
    otherwise.
    """

    company_name: str
    company_id: str
    sec: str
    description: str
    effective: date
    odfi: str  # first eight digits of the originating bank's routing number
    number: int
    service_class: int = codes.CREDITS_ONLY
    discretionary: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One bank entry. `sequence` is the last seven digits of its trace number."""

    code: int
    routing: str
    account: str
    amount_cents: int
    identification: str
    name: str
    sequence: int
    addenda: str | None = None


@dataclass(frozen=True, slots=True)
class FileTotals:
    """What the file control says, for whoever must agree with it."""

    batches: int
    entries: int
    entries_and_addenda: int
    entry_hash: int
    debit_cents: int
    credit_cents: int
    lines: int
    size: int


class WriterMisused(Exception):
    """Records asked for in an order that no file has. A defect of the caller; nothing of the file may be
    used.
    """


def encode_entry(entry: Entry, batch: BatchFacts) -> bytes | Unencodable:
    """The entry's records (6, and 7 where it has an addenda) with their newlines, or why they cannot be
    written.
    """
    try:
        return _entry_records(entry, batch).encode("ascii")
    except FieldRefused as refused:
        return Unencodable(refused.field, refused.fault)


def _entry_records(entry: Entry, batch: BatchFacts) -> str:
    _check_code(entry, batch)
    if not is_routing_number(entry.routing):
        raise FieldRefused("routing_number", Fault.ROUTING)
    has_addenda = entry.addenda is not None
    trace = batch.odfi + fields.number("trace_number", entry.sequence, 7)
    detail = "".join(
        (
            "6",
            fields.number("transaction_code", entry.code, 2),
            entry.routing,
            fields.text("account_number", entry.account, 17),
            fields.number("amount", entry.amount_cents, 10),
            fields.text("identification_number", entry.identification, 15, required=False),
            fields.text("receiving_name", entry.name, 22),
            "  ",
            "1" if has_addenda else "0",
            trace,
            "\n",
        )
    )
    if entry.addenda is None:
        return detail
    return f"{detail}705{fields.text('payment_information', entry.addenda, 80)}0001{trace[8:]}\n"


def _check_code(entry: Entry, batch: BatchFacts) -> None:
    allowed = codes.WRITABLE.get(batch.sec)
    if allowed is None:
        raise FieldRefused("sec_code", Fault.SEC_CODE)
    if entry.code not in allowed:
        raise FieldRefused("transaction_code", Fault.TRANSACTION_CODE)
    if not codes.fits_service_class(entry.code, batch.service_class):
        raise FieldRefused("service_class", Fault.SERVICE_CLASS)
    if (entry.code in codes.ZERO_ONLY) != (entry.amount_cents == 0):
        raise FieldRefused("amount", Fault.RANGE)
    if entry.sequence == 0:
        raise FieldRefused("trace_number", Fault.TRACE)
    if entry.code in codes.NEEDS_ADDENDA and entry.addenda is None:
        raise FieldRefused("payment_information", Fault.ADDENDA)
    if batch.description == HEALTH_CARE_CLAIM_PAYMENT:
        if batch.sec != "CCD":
            raise FieldRefused("sec_code", Fault.SEC_CODE)
        if entry.addenda is None:
            raise FieldRefused("payment_information", Fault.ADDENDA)
        if trn.parse(entry.addenda) is None:
            raise FieldRefused("payment_information", Fault.TRN)


class _BatchTotals:
    """Running sums of the open batch."""

    __slots__ = ("count", "credit_cents", "debit_cents", "entry_hash", "facts")

    def __init__(self, facts: BatchFacts) -> None:
        self.facts = facts
        self.count = 0
        self.entry_hash = 0
        self.credit_cents = 0
        self.debit_cents = 0


class FileWriter:
    """Writes one file: `begin_batch`, `add` for each entry, `end_batch`, again, then `close`.

    `add` answers an `Unencodable` and writes nothing where an entry cannot be encoded, or would carry a
    total over the
    width of its control field. Trace sequences must rise over the whole file, across batches: returns are
    matched by
    trace alone, so a sequence that starts again per batch would make two entries one.
    """

    def __init__(self, sink: Callable[[bytes], object], facts: FileFacts) -> None:
        self._sink = sink
        self._batch: _BatchTotals | None = None
        self._closed = False
        self._last_sequence = 0
        self._batches = self._entries = self._count = 0
        self._entry_hash = self._credit_cents = self._debit_cents = 0
        self._lines = self._size = 0
        self._write(_file_header(facts))

    def begin_batch(self, facts: BatchFacts) -> None:
        """Opens a batch; raises FieldRefused where its own fields cannot be written (a setting is wrong)."""
        if self._batch is not None or self._closed:
            raise WriterMisused("a batch is open, or the file is closed")
        self._write(_batch_header(facts))
        self._batch = _BatchTotals(facts)

    def add(self, entry: Entry) -> Unencodable | None:
        """Writes one entry, or says why it cannot be written and writes nothing."""
        batch = self._batch
        if batch is None:
            raise WriterMisused("no batch is open")
        records = encode_entry(entry, batch.facts)
        if isinstance(records, Unencodable):
            return records
        if entry.sequence <= self._last_sequence:
            return Unencodable("trace_number", Fault.TRACE)
        is_credit = entry.code in codes.CREDITS
        total = self._credit_cents if is_credit else self._debit_cents
        if total + entry.amount_cents > codes.MAX_TOTAL_CENTS:
            return Unencodable("amount", Fault.CONTROL)
        self._last_sequence = entry.sequence
        self._entries += 1
        count = 1 if entry.addenda is None else 2
        batch.count += count
        batch.entry_hash += int(entry.routing[:8])
        if is_credit:
            batch.credit_cents += entry.amount_cents
            self._credit_cents += entry.amount_cents
        else:
            batch.debit_cents += entry.amount_cents
            self._debit_cents += entry.amount_cents
        self._sink(records)
        self._lines += count
        self._size += len(records)
        return None

    def end_batch(self) -> None:
        """Writes the batch control. An empty batch is a misuse: it means nothing to a bank."""
        batch = self._batch
        if batch is None or batch.count == 0:
            raise WriterMisused("no batch is open, or it is empty")
        facts = batch.facts
        self._write(
            "8"
            + fields.number("service_class", facts.service_class, 3)
            + fields.number("entry_and_addenda_count", batch.count, 6)
            + str(batch.entry_hash % 10**10).zfill(10)
            + fields.number("total_debit", batch.debit_cents, 12)
            + fields.number("total_credit", batch.credit_cents, 12)
            + fields.text("company_id", facts.company_id, 10)
            + " " * 25
            + facts.odfi
            + fields.number("batch_number", facts.number, 7)
        )
        self._batches += 1
        self._count += batch.count
        self._entry_hash += batch.entry_hash
        self._batch = None

    def close(self) -> FileTotals:
        """Writes the file control and the filler lines; the file is whole only after this."""
        if self._batch is not None or self._closed or self._batches == 0:
            raise WriterMisused("a batch is open, the file is closed, or it has no batch")
        blocks = -(-(self._lines + 1) // _BLOCK)
        self._write(
            "9"
            + fields.number("batch_count", self._batches, 6)
            + fields.number("block_count", blocks, 6)
            + fields.number("entry_and_addenda_count", self._count, 8)
            + str(self._entry_hash % 10**10).zfill(10)
            + fields.number("total_debit", self._debit_cents, 12)
            + fields.number("total_credit", self._credit_cents, 12)
            + " " * 39
        )
        filler = blocks * _BLOCK - self._lines
        self._sink(_FILLER * filler)
        self._lines += filler
        self._size += filler * len(_FILLER)
        self._closed = True
        return FileTotals(
            batches=self._batches,
            entries=self._entries,
            entries_and_addenda=self._count,
            entry_hash=self._entry_hash % 10**10,
            debit_cents=self._debit_cents,
            credit_cents=self._credit_cents,
            lines=self._lines,
            size=self._size,
        )

    def _write(self, record: str) -> None:
        if len(record) != 94:
            raise WriterMisused("a record is not 94 characters")
        self._sink(record.encode("ascii") + b"\n")
        self._lines += 1
        self._size += 95


def _file_header(facts: FileFacts) -> str:
    if not is_routing_number(facts.destination):
        raise FieldRefused("immediate_destination", Fault.ROUTING)
    if len(facts.modifier) != 1 or facts.modifier not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789":
        raise FieldRefused("file_id_modifier", Fault.RANGE)
    # A nine-digit origin stands right-justified behind a blank; a ten-character company id fills the field.
    if len(facts.origin) == 9:
        origin = fields.digits("immediate_origin", facts.origin, 9).rjust(10)
    else:
        origin = fields.text("immediate_origin", facts.origin, 10)
    return "".join(
        (
            "101",
            facts.destination.rjust(10),
            origin,
            fields.day(facts.created_at),
            fields.minute(facts.created_at),
            facts.modifier,
            "094101",
            fields.text("destination_name", facts.destination_name, 23),
            fields.text("origin_name", facts.origin_name, 23),
            fields.text("reference", facts.reference, 8, required=False),
        )
    )


def _batch_header(facts: BatchFacts) -> str:
    if facts.sec not in codes.WRITABLE:
        raise FieldRefused("sec_code", Fault.SEC_CODE)
    if facts.service_class not in codes.SERVICE_CLASSES:
        raise FieldRefused("service_class", Fault.SERVICE_CLASS)
    effective = fields.day(facts.effective)
    return "".join(
        (
            "5",
            str(facts.service_class),
            fields.text("company_name", facts.company_name, 16),
            fields.text("company_discretionary_data", facts.discretionary, 20, required=False),
            fields.text("company_id", facts.company_id, 10),
            facts.sec,
            fields.text("company_entry_description", facts.description, 10),
            effective,
            effective,
            "   1",
            fields.digits("odfi", facts.odfi, 8),
            fields.number("batch_number", facts.number, 7),
        )
    )
