"""One record at a time: the facts of a file, a batch and an entry, and the lines that say them.

Sources: Nacha Operating Rules, appendix three; for CCD+ (HCCLAIMPMT, exactly one addenda 05 with the TRN) the
health-care EFT rule in force since 2013-09-20.
"""

from dataclasses import dataclass
from datetime import date, datetime

from payout.nacha import codes, fields, trn
from payout.nacha.errors import Fault, Unencodable
from payout.nacha.fields import FieldRefused
from payout.nacha.routing import is_routing_number

HEALTH_CARE_CLAIM_PAYMENT = "HCCLAIMPMT"


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


def file_header(facts: FileFacts) -> str:
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


def batch_header(facts: BatchFacts) -> str:
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
