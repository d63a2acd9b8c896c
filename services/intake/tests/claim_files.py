"""Files of claims as partners send them, and intake that takes them in over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from unittest.mock import Mock

import asyncpg
import httpx
import pytest

from chassis import Context, testing
from chassis.http import build_app
from intake.api import router
from intake.app import service
from intake.read_files import read_waiting_files
from throughline.answers import RequestAnswered
from throughline.reference import PartnerRegistered
from throughline.submissions import SubmissionReceived

KEY = "acme-key-0123456789"
HEADER = (
    "number,frequency,payer_claim_number,payer,payee_npi,payee_tin,payee_name,member_id,last_name,diagnoses,"
    "place_of_service,total,line_id,from_date,to_date,code,units,charge,pointers"
)


def row(
    number: str, *, frequency: str = "1", claim: str = "", total: str = "120.50", code: str = "97530"
) -> str:
    return (
        f"{number},{frequency},{claim},demo-health,1234567893,941234567,Oakwood Clinic,M1,Doe,F840,"
        f"11,{total},L1,2026-11-02,2026-11-02,{code},1,{total},1"
    )


def claims_csv(*rows: str) -> bytes:
    return "\r\n".join((HEADER, *rows, "")).encode()


ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261116*0930*^*00501*000000001*0*T*:"


def claims_837(*numbers: str, cut: int = 0) -> bytes:
    parts = [
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*B1*20261116*0930*CH",
        "NM1*41*2*SENDER*****46*S1",
        "PER*IC*A*TE*5551234567",
        "NM1*40*2*RECEIVER*****46*R1",
        "HL*1**20*1",
        "NM1*85*2*OAKWOOD CLINIC*****XX*1234567893",
        "N3*1 ELM ST",
        "N4*SACRAMENTO*CA*95814",
        "REF*EI*941234567",
        "HL*2*1*22*0",
        "SBR*P*18*******CI",
        "NM1*IL*1*DOE*JANE****MI*M0001",
        "DMG*D8*19800229*F",
        "NM1*PR*2*DEMO HEALTH PLAN*****PI*demo-health",
    ]
    for number in numbers:
        parts += [
            f"CLM*{number}*120***11:B:1*Y*A*Y*Y",
            "HI*ABK:F840",
            "LX*1",
            "SV1*HC:97530*120*UN*1***1",
            "DTP*472*D8*20261102",
        ]
    parts.append(f"SE*{len(parts) + 1}*0001")
    whole = [ISA, "GS*HC*SENDER*RECEIVER*20261116*0930*1*X*005010X222A1", *parts, "GE*1*1", "IEA*1*000000001"]
    text = "~\n".join(whole) + "~\n"
    return text[: len(text) - cut].encode()


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    for name, key in (("acme", KEY), ("beta", "beta-key-0123456789")):
        hashed = sha256(key.encode()).hexdigest()
        partner = PartnerRegistered(partner=name, version=1, name=name, api_key_sha256=hashed)
        await testing.deliver(service, context, [testing.heard(partner, topic="reference.partners")])
    app = build_app("intake", [router], context, Mock())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://intake",
        headers={"Authorization": f"Bearer {KEY}"},
    ) as made:
        yield made


async def send(
    client: httpx.AsyncClient, content: bytes, key: str = "f-1", kind: str = "text/csv"
) -> httpx.Response:
    return await client.post(
        "/v1/files", content=content, headers={"Idempotency-Key": key, "Content-Type": kind}
    )


async def read(client: httpx.AsyncClient, context: Context, content: bytes, **how: str) -> dict[str, Any]:
    """Send a file, have it read, and show what became of it."""
    sent = await send(client, content, **how)
    assert sent.status_code == 202, sent.text
    await read_waiting_files(context)
    shown: dict[str, Any] = (await client.get(sent.headers["Location"])).json()
    return shown


async def said(pool: asyncpg.Pool) -> tuple[list[RequestAnswered], list[SubmissionReceived]]:
    answers, submissions = [], []
    for one in await testing.said_in(pool):
        if one.topic == "submissions":
            submissions.append(SubmissionReceived.model_validate_json(one.value))
        else:
            answers.append(RequestAnswered.model_validate_json(one.value))
    return answers, submissions


def told(shown: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [
        (one["number"], one["outcome"], one["problems"][0]["reason"] if one["problems"] else None)
        for one in shown["results"]
    ]
