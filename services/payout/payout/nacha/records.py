"""The records of a NACHA file as read: fields by name, amounts in cents, blanks stripped."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class FileHeader:
    line: int
    destination: str
    origin: str
    created_on: date
    created_at: str  # HHMM, or blank
    modifier: str
    destination_name: str
    origin_name: str
    reference: str


@dataclass(frozen=True, slots=True)
class BatchHeader:
    line: int
    service_class: int
    company_name: str
    company_id: str
    sec: str
    description: str
    effective: date | None  # absent in what some operators return
    odfi: str
    number: int


@dataclass(frozen=True, slots=True)
class EntryDetail:
    line: int
    code: int
    routing: str
    account: str
    amount_cents: int
    identification: str
    name: str
    has_addenda: bool
    trace: str


@dataclass(frozen=True, slots=True)
class Addenda:
    """A 7 record, whole: what stands in it depends on its type (05, 98, 99)."""

    line: int
    type: str
    record: str

    @property
    def payment_information(self) -> str:
        """The 80 characters of a type 05."""
        return self.record[3:83].rstrip(" ")


@dataclass(frozen=True, slots=True)
class BatchControl:
    line: int
    count: int
    entry_hash: int
    debit_cents: int
    credit_cents: int
    number: int


@dataclass(frozen=True, slots=True)
class FileControl:
    line: int
    batches: int
    blocks: int
    count: int
    entry_hash: int
    debit_cents: int
    credit_cents: int


Record = FileHeader | BatchHeader | EntryDetail | Addenda | BatchControl | FileControl
