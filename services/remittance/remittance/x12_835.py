"""An 835 (005010X221A1) as bytes. Nothing leaves that does not balance or cannot be read back as what was meant.

Decided here: CLP02 is 1 (processed as primary) also for what is denied, because 4 means that the patient is not ours;
CLP06 is ZZ, because requests name no kind of plan; of the accounts only the receiver's mask is written (BPR15): more is
neither known here nor needed to match the payment. Trace number, amount and date are those of the bank entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby

from remittance import balance
from remittance.transaction import Cas, ClaimPayment, PayeeParty, PayerParty, ServicePayment, Transaction
from remittance.x12_835_read import Unreadable, read_transaction
from remittance.x12_text import COMPONENT, ELEMENT, REPETITION, TERMINATOR
from throughline.money import decimal_of

VERSION = "005010X221A1"
SENDER_ID = "THROUGHLINE"
TRIPLETS_PER_CAS = 6


class NotReadBack(ValueError):
    """The bytes would not say what was meant: a value was not encoded, or the writer is wrong. Nothing is posted."""


def write_835(transaction: Transaction, *, usage: str = "P") -> bytes:
    """The whole interchange, one segment per line. ``usage`` is ISA15: P production, T test.

    Raises balance.Unbalanced, or NotReadBack.
    """
    balance.check(transaction)
    body = [_checked(segment) for segment in _body(transaction)]
    control = f"{transaction.control_number:09d}"
    stamp = transaction.made_at
    receiver = transaction.receiver_id
    segments = [
        _segment(
            *("ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{SENDER_ID:15}", "ZZ", f"{receiver[:15]:15}"),
            *(f"{stamp:%y%m%d}", f"{stamp:%H%M}", REPETITION, "00501", control, "0", usage, COMPONENT),
        ),
        _segment(
            *("GS", "HP", SENDER_ID, receiver[:15], f"{stamp:%Y%m%d}", f"{stamp:%H%M}"),
            *(str(transaction.control_number), "X", VERSION),
        ),
        *body,
        _segment("SE", str(len(body) + 1), "0001"),
        _segment("GE", "1", str(transaction.control_number)),
        _segment("IEA", "1", control),
    ]
    made = "".join(f"{segment}{TERMINATOR}\n" for segment in segments).encode("ascii")
    try:
        read_back = read_transaction(made)
    except Unreadable as error:
        raise NotReadBack(str(error)) from None
    if read_back != transaction:
        raise NotReadBack("the 835 read back is not the remittance that was written")
    return made


def _segment(*elements: str) -> str:
    segment = ELEMENT.join(elements)
    if segment.count(ELEMENT) != len(elements) - 1:
        raise NotReadBack(f"a value of {elements[0]} holds a separator")
    return segment.rstrip(ELEMENT)


def _checked(segment: str) -> str:
    """Values come here encoded; one that is not would make two segments of one, or none."""
    if TERMINATOR in segment or REPETITION in segment or not (segment.isascii() and segment.isprintable()):
        raise NotReadBack(f"a value of {segment[:3]} holds what X12 cannot carry")
    return segment


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _body(transaction: Transaction) -> Iterator[str]:
    yield _segment("ST", "835", "0001")
    yield _payment(transaction)
    yield _segment("TRN", "1", transaction.trace_number, transaction.payer.trace_id)
    yield _segment("DTM", "405", _day(transaction.made_at.date()))
    yield from _payer(transaction.payer)
    yield from _payee(transaction.payee)
    yield _segment("LX", "1")
    for claim in transaction.claims:
        yield from _claim(claim)


def _payment(transaction: Transaction) -> str:
    day = _day(transaction.effective_date)
    if not transaction.is_payment:
        return _segment("BPR", "H", "0", "C", "NON", *[""] * 11, day)
    sender = ("01", transaction.odfi_routing, "", "", transaction.payer.trace_id, "")
    receiver = ("01", transaction.rdfi_routing, "", transaction.account_mask)
    return _segment(
        "BPR", "I", decimal_of(transaction.amount_cents), "C", "ACH", "CCP", *sender, *receiver, day
    )


def _payer(payer: PayerParty) -> Iterator[str]:
    yield _segment("N1", "PR", payer.name)
    yield _segment("N3", payer.address.street)
    yield _segment("N4", payer.address.city, payer.address.state, payer.address.zip)
    yield _segment("PER", "BL", payer.contact_name, "TE", payer.contact_phone)


def _payee(payee: PayeeParty) -> Iterator[str]:
    yield _segment("N1", "PE", payee.name, payee.qualifier, payee.identifier)
    if payee.address is not None:
        yield _segment("N3", payee.address.street)
        yield _segment("N4", payee.address.city, payee.address.state, payee.address.zip)
    if payee.qualifier == "XX":
        yield _segment("REF", "TJ", payee.tin)


def _claim(claim: ClaimPayment) -> Iterator[str]:
    yield _segment(
        *("CLP", claim.number, "1", decimal_of(claim.charge_cents), decimal_of(claim.paid_cents)),
        decimal_of(claim.patient_cents) if claim.patient_cents else "",
        *("ZZ", claim.control_number, claim.place_of_service, claim.frequency),
    )
    member = ("", "", "", "MI", claim.member_id) if claim.member_id else ()
    yield _segment("NM1", "QC", "1", claim.last_name, claim.first_name, *member)
    if claim.rendering_npi:
        yield _segment("NM1", "82", "1", *[""] * 5, "XX", claim.rendering_npi)
    for line in claim.lines:
        yield from _line(line)


def _line(line: ServicePayment) -> Iterator[str]:
    service = COMPONENT.join(("HC", line.code, *line.modifiers))
    units = _units(line.units_thousandths)
    yield _segment("SVC", service, decimal_of(line.charge_cents), decimal_of(line.paid_cents), "", units)
    if line.from_date == line.to_date:
        yield _segment("DTM", "472", _day(line.from_date))
    else:
        yield _segment("DTM", "150", _day(line.from_date))
        yield _segment("DTM", "151", _day(line.to_date))
    yield from _adjustments(line.adjustments)
    yield _segment("REF", "6R", line.line_id)
    if line.allowed_cents:
        yield _segment("AMT", "B6", decimal_of(line.allowed_cents))
    for remark in line.remarks:
        yield _segment("LQ", "HE", remark)


def _adjustments(adjustments: tuple[Cas, ...]) -> Iterator[str]:
    for group, members in groupby(adjustments, key=lambda one: one.group):
        of_group = list(members)
        for start in range(0, len(of_group), TRIPLETS_PER_CAS):
            elements = ["CAS", group]
            for one in of_group[start : start + TRIPLETS_PER_CAS]:
                elements += [one.reason, decimal_of(one.amount_cents), ""]
            yield _segment(*elements)


def _units(thousandths: int) -> str:
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)
