"""A NACHA file written record by record into a sink: bounded memory, and the same bytes for the same facts.

Time is an argument. Source: Nacha Operating Rules, appendix three.
"""

from collections.abc import Callable
from dataclasses import dataclass

from payout.nacha import codes, fields
from payout.nacha.encode import BatchFacts, Entry, FileFacts, batch_header, encode_entry, file_header
from payout.nacha.errors import Fault, Unencodable

_FILLER = b"9" * 94 + b"\n"
_BLOCK = 10


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
        self._write(file_header(facts))

    def begin_batch(self, facts: BatchFacts) -> None:
        """Opens a batch; raises FieldRefused where its own fields cannot be written (a setting is wrong)."""
        if self._batch is not None or self._closed:
            raise WriterMisused("a batch is open, or the file is closed")
        self._write(batch_header(facts))
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
