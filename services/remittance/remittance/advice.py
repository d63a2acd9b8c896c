"""The lines of a remittance as CSV: one row for each, with the payment they belong to. Names nobody.

A text cell that a spreadsheet would take for a formula begins with an apostrophe here (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from throughline.adjudications import AdjudicatedLine, Adjudication

COLUMNS = (
    *(
        "remittance_id",
        "payment_id",
        "trace_number",
        "effective_date",
        "payer",
        "payee",
        "request_id",
        "version",
    ),
    *("number", "payer_claim_number", "line_id", "from_date", "to_date", "code", "modifiers", "units"),
    *("charge", "allowed", "paid", "adjustments"),
)
HEADER = ",".join(COLUMNS).encode() + b"\r\n"


def write_csv(
    remittance_id: UUID,
    payment_id: UUID | None,
    trace_number: str,
    effective_date: date,
    claims: Iterable[tuple[UUID, int, Adjudication]],
) -> bytes:
    """Rows without the header, so that many remittances make one file."""
    out = io.StringIO()
    writer = csv.writer(out)
    payment = (str(remittance_id), str(payment_id or ""), trace_number, effective_date.isoformat())
    for request_id, version, claim in claims:
        named = (claim.payer, claim.payee.identifier, str(request_id), str(version))
        names = (*named, claim.number, claim.payer_claim_number)
        head = (*payment, *(cell(value) for value in names))
        writer.writerows((*head, *_line(line)) for line in claim.lines)
    return out.getvalue().encode()


def _line(line: AdjudicatedLine) -> tuple[str, ...]:
    why = " ".join(f"{one.group}-{one.carc}:{dollars(one.amount_cents)}" for one in line.adjustments)
    units = f"{line.units_thousandths // 1000}.{line.units_thousandths % 1000:03d}"
    days = (line.from_date.isoformat(), line.to_date.isoformat())
    service = (cell(line.line_id), *days, cell(line.code), " ".join(line.modifiers), units)
    return (*service, dollars(line.charge_cents), dollars(line.allowed_cents), dollars(line.paid_cents), why)


def dollars(cents: int) -> str:
    """12050 -> ``"120.50"``."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"


def cell(value: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return (
        f"'{value}"
        if value[:1] in ("=", "+", "@", "\t") or (value[:1] == "-" and not value[1:2].isdigit())
        else value
    )
