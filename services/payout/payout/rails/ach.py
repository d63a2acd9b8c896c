"""The ACH rail: payments of a batch as one NACHA file. Pure; nothing here reads a clock or a database.

Which entry pays it, the decision says, as its programme's pack does: health claims leave as CCD+ (`HCCLAIMPMT`, one
addenda 05 with the TRN), what is paid to persons as PPD; a receiver classifies by HCCLAIMPMT. Sources: Nacha rules,
appendix three; CAQH CORE 370.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from payout.nacha import (
    BatchFacts,
    Entry,
    FileFacts,
    FileTotals,
    FileWriter,
    Unencodable,
    codes,
    encode_entry,
    trn,
)
from payout.nacha.fields import FieldRefused
from payout.nacha.fields import text as checked_text
from payout.vault import Account
from throughline.programmes import BankEntry
from throughline.reasons import Reason

COMPANY_NAME_WIDTH = 16
PAYEE_NAME_WIDTH = 22
_ENTRIES_PER_BATCH = 250_000  # a batch control counts 999,999 entries and addenda
_CODE_OF_KIND = {"checking": 22, "savings": 32}
CONSUMER_ENTRY = "PPD "
"""How the kind of an entry begins whose payee is a person: it may be disputed for sixty days."""
NOTHING_LEAVES = "none"
"""The kind of what is priced to zero."""
REVERSAL = "REVERSAL"
_DEBIT = 5  # from the code of a credit to that of the debit of the same kind of account
_PROBE_DATE = date(2026, 1, 5)


@dataclass(frozen=True, slots=True)
class Originator:
    """A payer as its bank entries show it: company name and company id (1 and the TIN), which is TRN03 too."""

    name: str
    company_id: str


@dataclass(frozen=True, slots=True)
class Credit:
    """One payment as the file needs it."""

    originator: Originator
    entry: str
    """Its kind: SEC code, a blank, and the company entry description."""
    account: Account
    cents: int
    identification: str
    name: str
    sequence: int
    trace_number: str
    is_reversal: bool = False
    """A debit that takes the credit back; its addenda is the credit's own."""


def kind_of(entry: BankEntry) -> str:
    """
    >>> kind_of(BankEntry(rail="ppd", description="CHILD CARE"))
    'PPD CHILD CARE'
    """
    return f"{entry.rail.upper()} {entry.description}"


def originator(name: str, code: str, tin: str, short_name: str | None) -> Originator | Unencodable:
    """The name that payees know: the one set for it, else the payer's own where it fits, else its code. Never cut."""
    for candidate in (short_name, name, code.upper()):
        if candidate is None:
            continue
        try:
            checked_text("company_name", candidate, COMPANY_NAME_WIDTH)
        except FieldRefused as refused:
            problem = Unencodable(refused.field, refused.fault)
            continue
        return Originator(candidate, f"1{tin}")
    return problem


def fits_as_name(name: str) -> bool:
    """Whether a payee's name can stand in a bank entry: 22 plain characters."""
    try:
        checked_text("receiving_name", name, PAYEE_NAME_WIDTH)
    except FieldRefused:
        return False
    return True


def refuse_credit(credit: Credit) -> Reason | None:
    """Why a payment cannot stand in a bank file; None where it can."""
    answer = encode_entry(_entry(credit), _batch(credit, _PROBE_DATE, "12104288", 1))
    if not isinstance(answer, Unencodable):
        return None
    if answer.field == "receiving_name":
        return Reason.NAME_NOT_ENCODABLE
    return Reason.AMOUNT_TOO_LARGE if answer.field == "amount" else Reason.FIELD_NOT_ENCODABLE


def write_file(
    facts: FileFacts, odfi: str, effective: date, credits: Sequence[Credit]
) -> tuple[bytes, FileTotals]:
    """The file of these payments, whose sequences rise. Every one was asked `refuse_credit` before, so that a refusal
    here is a defect; it raises, and nothing leaves."""
    out = io.BytesIO()
    writer = FileWriter(out.write, facts)
    number = 0
    for _, members in groupby(credits, key=lambda one: (one.originator, one.entry, one.is_reversal)):
        for part in _parts(members):
            number += 1
            writer.begin_batch(_batch(part[0], effective, odfi, number))
            for credit in part:
                refusal = writer.add(_entry(credit))
                if refusal is not None:
                    raise ValueError(
                        f"an entry that was accepted is refused: {refusal.field}, {refusal.fault}"
                    )
            writer.end_batch()
    totals = writer.close()
    return out.getvalue(), totals


def _parts(members: Iterable[Credit]) -> Iterable[list[Credit]]:
    part: list[Credit] = []
    for credit in members:
        part.append(credit)
        if len(part) == _ENTRIES_PER_BATCH:
            yield part
            part = []
    if part:
        yield part


def _entry(credit: Credit) -> Entry:
    return Entry(
        code=_CODE_OF_KIND[credit.account.kind] + (_DEBIT if credit.is_reversal else 0),
        routing=credit.account.routing,
        account=credit.account.number,
        amount_cents=credit.cents,
        identification=credit.identification,
        name=credit.name,
        sequence=credit.sequence,
        addenda=trn.segment(credit.trace_number, credit.originator.company_id),
    )


def _batch(credit: Credit, effective: date, odfi: str, number: int) -> BatchFacts:
    sec, _, description = credit.entry.partition(" ")
    if credit.is_reversal:
        description = REVERSAL
    return BatchFacts(
        company_name=credit.originator.name,
        company_id=credit.originator.company_id,
        sec=sec,
        description=description,
        effective=effective,
        odfi=odfi,
        number=number,
        service_class=codes.DEBITS_ONLY if credit.is_reversal else codes.CREDITS_ONLY,
    )


def file_facts(
    routing: str, origin: str, bank_name: str, origin_name: str, created_at: datetime, modifier: str
) -> FileFacts:
    """The file header. `created_at` in the bank's local time."""
    return FileFacts(routing, origin, created_at, modifier, bank_name, origin_name)
