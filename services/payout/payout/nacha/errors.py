"""What can be wrong with a NACHA file, as closed lists; no text here ever repeats a value of the file."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why a file or a field was refused. The value is stable: it is stored and shown."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    CHARSET = "charset"
    LENGTH = "length"
    REQUIRED = "required"
    BLANKS = "blanks"
    NUMBER = "number"
    RANGE = "range"
    DATE = "date"
    RECORD = "record"
    ORDER = "order"
    TRUNCATED = "truncated"
    CONTROL = "control"
    BLOCKING = "blocking"
    ROUTING = "routing"
    TRANSACTION_CODE = "transaction_code"
    SERVICE_CLASS = "service_class"
    SEC_CODE = "sec_code"
    ADDENDA = "addenda"
    TRACE = "trace"
    TRN = "trn"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True)
class Unencodable:
    """One entry cannot be written: which field, and why. An answer, not an exception: the batch goes
    without it.
    """

    field: str
    fault: Fault


class NachaRefused(Exception):
    """A file was refused. `line` counts from 1; `field` names the record's field. Holds no value of the
    file.
    """

    def __init__(self, fault: Fault, *, line: int | None = None, field: str | None = None) -> None:
        self.fault = fault
        self.line = line
        self.field = field
        where = f" at line {line}" if line is not None else ""
        which = f" in {field}" if field is not None else ""
        super().__init__(f"NACHA file refused: {fault.value}{where}{which}")
