"""What the sample expects to be paid, on claims small enough to reckon by hand."""

from __future__ import annotations

from datetime import date

import pytest
from sample_input.pricing import paid_cents

from throughline.reference import ContractRecorded, FeeScheduleRecorded, Rate
from throughline.requests import Payee, PaymentRequest, ServiceLine, Subject
from throughline.sensitive import Sensitive, SensitiveTin

SCHEDULE = FeeScheduleRecorded(
    fee_schedule="FS",
    version=1,
    rates=(
        Rate(code="A0001", amount_cents=333, effective_from=date(2020, 1, 1), effective_to=date(2026, 6, 30)),
        Rate(code="A0001", amount_cents=400, effective_from=date(2026, 7, 1)),
        Rate(code="A0001", modifier="26", amount_cents=100, effective_from=date(2020, 1, 1)),
    ),
)


def _contract(copay: int = 0, coinsurance: int = 0) -> ContractRecorded:
    return ContractRecorded(
        contract_id="C", version=1, payer="P", fee_schedule="FS", effective_from=date(2020, 1, 1),
        timely_filing_days=365, copay_cents=copay, coinsurance_basis_points=coinsurance,
    )  # fmt: skip


def _request(
    day: date, units: int, charge: int, code: str = "A0001", modifiers: tuple[str, ...] = ()
) -> PaymentRequest:
    line = ServiceLine(
        line_id="1",
        from_date=day,
        to_date=day,
        code=code,
        modifiers=modifiers,
        units_thousandths=units,
        charge_cents=charge,
    )
    return PaymentRequest(
        number="N1",
        payer="P",
        payee=Payee(kind="npi", identifier="1234567893", tin=SensitiveTin("912345678")),
        subject=Subject(member_id=Sensitive("M1"), last_name=Sensitive("Roe")),
        lines=(line,),
        total_cents=charge,
        currency="USD",
    )


JUNE, JULY = date(2026, 6, 30), date(2026, 7, 1)


@pytest.mark.parametrize(
    ("request_", "contract", "cents"),
    [
        (_request(JUNE, 1500, 10_000), _contract(), 500),
        (_request(JULY, 1500, 10_000), _contract(), 600),
        (_request(JULY, 1000, 399), _contract(), 399),
        (_request(JULY, 1000, 1_000, modifiers=("LT", "26")), _contract(), 100),
        (_request(JULY, 2000, 1_000), _contract(copay=300), 500),
        (_request(JULY, 1000, 1_000), _contract(copay=500), 0),
        (_request(JULY, 1000, 1_000), _contract(copay=95, coinsurance=1_000), 274),
        (_request(JULY, 1000, 1_000, code="A0002"), _contract(), None),
    ],
    ids=[
        "old rate, half up",
        "new rate",
        "charge below rate",
        "second modifier",
        "copay",
        "copay above",
        "both",
        "no price",
    ],
)
def test_paid(request_: PaymentRequest, contract: ContractRecorded, cents: int | None) -> None:
    assert paid_cents(request_, contract, SCHEDULE) == cents
