"""What histories ask for: requests with something special about them, and decisions of reviewers."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st
from tests.invariants.places import NPIS

from throughline.requests import Payee, PaymentRequest
from throughline.sensitive import SensitiveTin
from validation.testing import TIN, line, member, request

KINDS = ("plain", "plain", "dear", "unpriced", "free", "broken", "late")
small = st.integers(0, 1)
picked = st.integers(0, 99)
SUBMISSIONS = st.fixed_dictionaries(
    {
        "partner": small,
        "payee": small,
        "number": st.integers(1, 3),
        "bill": st.integers(0, 2),
        "kind": st.sampled_from(KINDS),
        "payer": st.sampled_from(("acme", "acme", "bolt")),
    }
)
DECISIONS = st.sampled_from(
    ("approve", "approve", "release", "release", "deny", "return_for_edits", "recall")
)


def asked(number: str, payee: int, bill: int, kind: str, payer: str, **changes: Any) -> PaymentRequest:
    """A request for one of three services, and what is special about it."""
    day = date(2026, 11, 2 + bill) if kind != "late" else date(2026, 7, 2 + bill)
    lines = [line(from_date=day, to_date=day)]
    if kind == "dear":
        lines.append(line(line_id="2", code="99214", charge_cents=900_000, units_thousandths=20_000))
    if kind == "unpriced":
        lines.append(line(line_id="2", code="99999", charge_cents=100))
    values: dict[str, Any] = {"lines": tuple(lines), "payer": payer, "subject": member(payee), **changes}
    if kind == "free" and payer == "acme":
        values["contract_id"] = "acme-free"
    if kind == "broken":
        values["total_cents"] = 1
    return request(number, payee=Payee(kind="npi", identifier=NPIS[payee], tin=SensitiveTin(TIN)), **values)
