"""A NACHA file read record by record, every control checked as it goes by.

Nothing read may be acted on before the iterator has ended without a refusal: only then did the file
control agree.
"""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from payout.nacha import codes
from payout.nacha.errors import Fault, NachaRefused
from payout.nacha.fields import FieldRefused, parse_day, parse_number
from payout.nacha.frame import Frame, lines
from payout.nacha.records import (
    Addenda,
    BatchControl,
    BatchHeader,
    EntryDetail,
    FileControl,
    FileHeader,
    Record,
)
from payout.nacha.routing import check_digit

_FILLER = "9" * 94
_DEFAULT_LIMIT = 256 * 1024 * 1024


def read_records(
    stream: BinaryIO, frame: Frame = Frame.STRICT, *, max_bytes: int = _DEFAULT_LIMIT
) -> Iterator[Record]:
    """Yields the records in order; raises NachaRefused at the first that cannot be trusted, or at an early
    end.
    """
    reader = _Reader(frame)
    number = 0
    for number, line in lines(stream, frame, max_bytes):
        try:
            record = reader.take(number, line)
        except FieldRefused as refused:
            raise NachaRefused(refused.fault, line=number, field=refused.field) from None
        if record is not None:
            yield record
    reader.end(number)


class _Sums:
    __slots__ = ("count", "credit_cents", "debit_cents", "entry_hash")

    def __init__(self) -> None:
        self.count = self.entry_hash = self.debit_cents = self.credit_cents = 0

    def check(self, count: int, entry_hash: int, debit: int, credit: int) -> None:
        for name, said, seen in (
            ("entry_and_addenda_count", count, self.count),
            ("entry_hash", entry_hash, self.entry_hash % 10**10),
            ("total_debit", debit, self.debit_cents),
            ("total_credit", credit, self.credit_cents),
        ):
            if said != seen:
                raise FieldRefused(name, Fault.CONTROL)


class _Reader:
    """Where in the file we are, and what the controls must say."""

    def __init__(self, frame: Frame) -> None:
        self._strict = frame is Frame.STRICT
        self._header: FileHeader | None = None
        self._batch: BatchHeader | None = None
        self._entry: EntryDetail | None = None
        self._control: FileControl | None = None
        self._addenda_of_entry = 0
        self._in_batch = _Sums()
        self._in_file = _Sums()
        self._batches = 0
        self._last_trace = ""

    def take(self, number: int, line: str) -> Record | None:
        if self._control is not None:
            if line != _FILLER:
                raise FieldRefused("record_type", Fault.ORDER)
            return None
        kind = line[0]
        if self._header is None and kind != "1":
            raise FieldRefused("file_header", Fault.ORDER)
        if kind == "6":
            return self._take_entry(number, line)
        if kind == "7":
            return self._take_addenda(number, line)
        self._close_entry()
        if kind == "1":
            return self._take_file_header(number, line)
        if kind == "5":
            return self._take_batch_header(number, line)
        if kind == "8":
            return self._take_batch_control(number, line)
        if kind == "9":
            return self._take_file_control(number, line)
        raise FieldRefused("record_type", Fault.RECORD)

    def end(self, last_line: int) -> None:
        control = self._control
        if self._header is None:
            raise NachaRefused(Fault.EMPTY)
        if control is None:
            raise NachaRefused(Fault.TRUNCATED, line=last_line)
        if self._strict and last_line != control.blocks * 10:
            raise NachaRefused(Fault.BLOCKING, line=last_line, field="block_count")

    def _take_file_header(self, number: int, line: str) -> FileHeader:
        if self._header is not None:
            raise FieldRefused("file_header", Fault.ORDER)
        if line[1:3] != "01" or line[34:40] != "094101":
            raise FieldRefused("file_header", Fault.RECORD)
        self._header = FileHeader(
            number,
            destination=line[3:13].strip(),
            origin=line[13:23].strip(),
            created_on=parse_day("file_creation_date", line[23:29]),
            created_at=line[29:33],
            modifier=line[33],
            destination_name=line[40:63].rstrip(),
            origin_name=line[63:86].rstrip(),
            reference=line[86:94].rstrip(),
        )
        return self._header

    def _take_batch_header(self, number: int, line: str) -> BatchHeader:
        if self._batch is not None:
            raise FieldRefused("batch_header", Fault.ORDER)
        service_class = parse_number("service_class", line[1:4])
        if service_class not in codes.SERVICE_CLASSES:
            raise FieldRefused("service_class", Fault.SERVICE_CLASS)
        if line[50:53] not in codes.READABLE_SEC:
            raise FieldRefused("sec_code", Fault.SEC_CODE)
        self._batch = BatchHeader(
            number,
            service_class=service_class,
            company_name=line[4:20].rstrip(),
            company_id=line[40:50].strip(),
            sec=line[50:53],
            description=line[53:63].rstrip(),
            effective=self._effective(line[69:75]),
            odfi=_eight("odfi", line[79:87]),
            number=parse_number("batch_number", line[87:94]),
        )
        self._in_batch = _Sums()
        return self._batch

    def _effective(self, raw: str) -> date | None:
        """Operators return and banks forward files without a true effective date; it moves no money here."""
        try:
            return parse_day("effective_entry_date", raw)
        except FieldRefused:
            if self._strict:
                raise
            return None

    def _take_entry(self, number: int, line: str) -> EntryDetail:
        self._close_entry()
        batch = self._batch
        if batch is None:
            raise FieldRefused("entry_detail", Fault.ORDER)
        code = parse_number("transaction_code", line[1:3])
        if code not in codes.ALL:
            raise FieldRefused("transaction_code", Fault.TRANSACTION_CODE)
        if not codes.fits_service_class(code, batch.service_class):
            raise FieldRefused("service_class", Fault.SERVICE_CLASS)
        routing = line[3:12]
        parse_number("routing_number", routing)
        if check_digit(routing[:8]) != int(routing[8]) or routing == "000000000":
            raise FieldRefused("routing_number", Fault.ROUTING)
        amount = parse_number("amount", line[29:39])
        if code in codes.ZERO_ONLY and amount != 0:
            raise FieldRefused("amount", Fault.RANGE)
        if line[78] not in "01":
            raise FieldRefused("addenda_indicator", Fault.ADDENDA)
        trace = line[79:94]
        parse_number("trace_number", trace)
        if self._strict and (trace[:8] != batch.odfi or trace <= self._last_trace):
            raise FieldRefused("trace_number", Fault.TRACE)
        self._last_trace = trace
        self._entry = EntryDetail(
            number,
            code=code,
            routing=routing,
            account=line[12:29].strip(),
            amount_cents=amount,
            identification=line[39:54].rstrip(),
            name=line[54:76].rstrip(),
            has_addenda=line[78] == "1",
            trace=trace,
        )
        self._addenda_of_entry = 0
        sums = self._in_batch
        sums.count += 1
        sums.entry_hash += int(routing[:8])
        if code in codes.CREDITS:
            sums.credit_cents += amount
        else:
            sums.debit_cents += amount
        return self._entry

    def _take_addenda(self, number: int, line: str) -> Addenda:
        entry = self._entry
        if entry is None or not entry.has_addenda:
            raise FieldRefused("addenda_indicator", Fault.ADDENDA)
        self._addenda_of_entry += 1
        kind = line[1:3]
        if kind in ("98", "99"):
            if self._addenda_of_entry > 1:
                raise FieldRefused("addenda", Fault.ADDENDA)
        else:
            if parse_number("addenda_sequence", line[83:87]) != self._addenda_of_entry:
                raise FieldRefused("addenda_sequence", Fault.ADDENDA)
            if parse_number("entry_sequence", line[87:94]) != int(entry.trace[8:]):
                raise FieldRefused("entry_sequence", Fault.TRACE)
        self._in_batch.count += 1
        return Addenda(number, type=kind, record=line)

    def _take_batch_control(self, number: int, line: str) -> BatchControl:
        batch = self._batch
        if batch is None:
            raise FieldRefused("batch_control", Fault.ORDER)
        if parse_number("service_class", line[1:4]) != batch.service_class:
            raise FieldRefused("service_class", Fault.CONTROL)
        control = BatchControl(
            number,
            count=parse_number("entry_and_addenda_count", line[4:10]),
            entry_hash=parse_number("entry_hash", line[10:20]),
            debit_cents=parse_number("total_debit", line[20:32]),
            credit_cents=parse_number("total_credit", line[32:44]),
            number=parse_number("batch_number", line[87:94]),
        )
        sums, whole = self._in_batch, self._in_file
        sums.check(control.count, control.entry_hash, control.debit_cents, control.credit_cents)
        for name, said, seen in (
            ("company_id", line[44:54].strip(), batch.company_id),
            ("odfi", line[79:87], batch.odfi),
            ("batch_number", control.number, batch.number),
        ):
            if said != seen:
                raise FieldRefused(name, Fault.CONTROL)
        whole.count += sums.count
        whole.entry_hash += sums.entry_hash
        whole.debit_cents += sums.debit_cents
        whole.credit_cents += sums.credit_cents
        self._batches += 1
        self._batch = None
        return control

    def _take_file_control(self, number: int, line: str) -> FileControl:
        if self._batch is not None:
            raise FieldRefused("file_control", Fault.ORDER)
        control = FileControl(
            number,
            batches=parse_number("batch_count", line[1:7]),
            blocks=parse_number("block_count", line[7:13]),
            count=parse_number("entry_and_addenda_count", line[13:21]),
            entry_hash=parse_number("entry_hash", line[21:31]),
            debit_cents=parse_number("total_debit", line[31:43]),
            credit_cents=parse_number("total_credit", line[43:55]),
        )
        if control.batches != self._batches:
            raise FieldRefused("batch_count", Fault.CONTROL)
        self._in_file.check(control.count, control.entry_hash, control.debit_cents, control.credit_cents)
        if self._strict and control.blocks != -(-number // 10):
            raise FieldRefused("block_count", Fault.BLOCKING)
        self._control = control
        return control

    def _close_entry(self) -> None:
        entry = self._entry
        if entry is not None and entry.has_addenda and self._addenda_of_entry == 0:
            raise FieldRefused("addenda_indicator", Fault.ADDENDA)
        self._entry = None


def _eight(field: str, raw: str) -> str:
    parse_number(field, raw)
    return raw
