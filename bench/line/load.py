"""The load: requests of six lines that every rule passes, no two of them the same bill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

from throughline import reference
from throughline.identifiers import npi_is_valid, payee_id_for, request_id_for
from throughline.message import Message
from throughline.sensitive import SensitiveTin

PARTNER = "bench"
PAYER = "BENCHPLAN"
PROVIDERS = 200
LINES = 6
CODES = ("97530", "97110", "97140", "92507", "97112", "97535")
SERVICE_DATE = "2026-11-02"
DIAGNOSES = ("M6281", "F802")


def npis(count: int) -> list[str]:
    """The first valid NPIs from 1900000000 on."""
    found: list[str] = []
    stem = 190_000_000
    while len(found) < count:
        found.append(next(f"{stem}{digit}" for digit in range(10) if npi_is_valid(f"{stem}{digit}")))
        stem += 1
    return found


NPIS = npis(PROVIDERS)
ADDRESS = reference.Address(street="1 Bench Road", city="Sacramento", state="CA", zip="95814")


def reference_data() -> Iterator[tuple[str, Message, str]]:
    """(topic, message, key) of what must be known before the load."""
    partner = reference.PartnerRegistered(partner=PARTNER, version=1, name="Bench")
    yield "reference.partners", partner, PARTNER
    payer = reference.PayerRecorded(
        payer=PAYER, version=1, name="Bench Plan", tin="987654321", address=ADDRESS, contact_name="Nobody",
        contact_phone="8005550100", auto_approve_below_cents=10_000_000, bank="sandbox-bank",
    )  # fmt: skip
    yield "reference.payers", payer, PAYER
    rates = tuple(
        reference.Rate(code=code, amount_cents=7_000, effective_from=date(2026, 1, 1)) for code in CODES
    )
    schedule = reference.FeeScheduleRecorded(fee_schedule="FS", version=1, rates=rates)
    yield "reference.fee-schedules", schedule, "FS"
    contract = reference.ContractRecorded(
        contract_id="C",
        version=1,
        payer=PAYER,
        fee_schedule="FS",
        effective_from=date(2026, 1, 1),
        timely_filing_days=365,
    )
    yield "reference.contracts", contract, "C"
    for index, npi in enumerate(NPIS):
        payee = payee_id_for("npi", npi)
        provider = reference.ProviderRecorded(
            payee_id=payee, version=1, kind="npi", identifier=npi, npi=npi, tin=SensitiveTin(tin_of(index)),
            name=f"Bench Provider {index}", address=ADDRESS, enrolled_from=date(2020, 1, 1),
        )  # fmt: skip
        yield "reference.providers", provider, str(payee)


def tin_of(provider: int) -> str:
    return f"94{provider:07d}"


def request_id(index: int) -> UUID:
    return request_id_for(PARTNER, "npi", NPIS[index % PROVIDERS], f"B-{index}")


def person(index: int) -> dict[str, str]:
    """Nobody is like another: requests for people who differ by a digit would look like slips of the finger."""
    drawn = Random(index)
    names = ["".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=7)).capitalize() for _ in range(2)]
    born = date(1940, 1, 1) + timedelta(days=drawn.randrange(30_000))
    member = f"M{index:04d}{drawn.randrange(10**6):06d}"
    return {
        "member_id": member,
        "last_name": names[0],
        "first_name": names[1],
        "birth_date": born.isoformat(),
    }


def submission(index: int) -> bytes:
    """One SubmitRequest as a partner's own program would write it."""
    provider = index % PROVIDERS
    lines = [
        {
            "line_id": str(number + 1),
            "from_date": SERVICE_DATE,
            "to_date": SERVICE_DATE,
            "code": code,
            "units_thousandths": 1000,
            "charge_cents": 9_000 + number,
            "diagnosis_pointers": [1 + number % 2],
        }
        for number, code in enumerate(CODES[:LINES])
    ]
    body = {
        "request": {
            "number": f"B-{index}",
            "payer": PAYER,
            "payee": {"kind": "npi", "identifier": NPIS[provider], "tin": tin_of(provider)},
            "subject": person(index),
            "lines": lines,
            "diagnoses": list(DIAGNOSES),
            "place_of_service": "11",
            "currency": "USD",
            "total_cents": sum(9_000 + number for number in range(LINES)),
        }
    }
    return json.dumps(body, separators=(",", ":")).encode()
