"""The sample's own writer of claims CSV, as docs/claims-csv.md describes it: one row for each line of a claim."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from sample_input.x12 import decimal_of_thousandths
from throughline.money import decimal_of
from throughline.requests import PaymentRequest, ServiceLine

COLUMNS = (
    "number", "frequency", "payer_claim_number", "payer", "payee_npi", "payee_tin", "payee_name", "rendering_npi",
    "member_id", "last_name", "first_name", "birth_date", "diagnoses", "place_of_service", "authorisation_number",
    "contract_id", "total", "line_id", "from_date", "to_date", "code", "modifiers", "units", "charge", "pointers",
)  # fmt: skip


def write_csv(requests: Sequence[PaymentRequest]) -> bytes:
    """A header row, then the lines of each claim one after the other."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for request in requests:
        writer.writerows(_rows(request))
    return out.getvalue().encode()


def _rows(request: PaymentRequest) -> Iterator[dict[str, str]]:
    subject = request.subject
    claim = {
        "number": request.number,
        "frequency": request.frequency,
        "payer_claim_number": request.payer_claim_number or "",
        "payer": request.payer,
        "payee_npi": request.payee.identifier,
        "payee_tin": request.payee.tin.reveal(),
        "payee_name": request.payee.name or "",
        "rendering_npi": request.rendering_provider or "",
        "member_id": subject.member_id.reveal(),
        "last_name": subject.last_name.reveal(),
        "first_name": subject.first_name.reveal() if subject.first_name else "",
        "birth_date": subject.birth_date.reveal() if subject.birth_date else "",
        "diagnoses": " ".join(request.diagnoses),
        "place_of_service": request.place_of_service or "",
        "authorisation_number": request.authorisation_number or "",
        "contract_id": request.contract_id or "",
        "total": decimal_of(request.total_cents),
    }
    for line in request.lines:
        yield claim | _line(line)


def _line(line: ServiceLine) -> dict[str, str]:
    return {
        "line_id": line.line_id,
        "from_date": line.from_date.isoformat(),
        "to_date": line.to_date.isoformat(),
        "code": line.code,
        "modifiers": " ".join(line.modifiers),
        "units": decimal_of_thousandths(line.units_thousandths),
        "charge": decimal_of(line.charge_cents),
        "pointers": " ".join(str(one) for one in line.diagnosis_pointers),
    }
