"""Payments as files: CSV with a row for each line, JSON, and remittances as they were posted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Literal
from uuid import UUID

import httpx

from portal.settings import Settings

COLUMNS = (
    *("payment_id", "trace_number", "effective_date", "state", "payer", "payee", "request", "version"),
    *("payer_claim_number", "line_id", "from_date", "code", "charge", "allowed", "paid", "adjustments"),
)


class NotAnswering(Exception):
    """Remittance does not answer just now."""


def csv_rows(payment: dict[str, Any]) -> str:
    """The rows of one payment, without the header."""
    out = io.StringIO()
    writer = csv.writer(out)
    head = (
        payment["payment_id"],
        payment["trace_number"] or "",
        payment["effective_date"],
        payment["state"],
        _cell(payment["payer"]),
        _cell(payment["payee_name"] or ""),
    )
    for item in payment["items"]:
        claim = (*head, _cell(item["number"] or ""), item["version"], item["payer_claim_number"] or "")
        writer.writerows((*claim, *_line(line)) for line in item["lines"])
    return out.getvalue()


def csv_header() -> str:
    return ",".join(COLUMNS) + "\r\n"


def as_json(payment: dict[str, Any]) -> str:
    """One payment, its items and priced lines; amounts in cents."""
    kept = {
        name: payment.get(name)
        for name in (
            "payment_id",
            "trace_number",
            "effective_date",
            "settled_on",
            "returned_on",
            "return_code",
        )
    }
    kept |= {
        name: payment.get(name) for name in ("state", "payer", "payee_id", "gross_cents", "recovered_cents")
    }
    kept["net_cents"] = payment.get("amount_cents")
    kept["items"] = [
        {
            name: item[name]
            for name in ("request_id", "version", "number", "payer_claim_number", "amount_cents", "lines")
        }
        for item in payment["items"]
    ]
    return json.dumps(kept, default=str)


async def remittances_as(
    settings: Settings, form: Literal["835", "plain"], remittance_ids: AsyncIterable[UUID]
) -> AsyncIterator[bytes]:
    """Each remittance of that form as posted, none kept. Raises NotAnswering rather than end early."""
    if settings.remittance_url is None:
        raise NotAnswering
    token = settings.remittance_token
    headers = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
    async with httpx.AsyncClient(base_url=settings.remittance_url, headers=headers, timeout=10) as client:
        async for remittance_id in remittance_ids:
            try:
                answer = await client.get(f"/v1/remittances/{remittance_id}/{form}")
            except httpx.HTTPError:
                raise NotAnswering from None
            if answer.status_code == 404:
                continue  # explained in another form
            if answer.status_code != 200:
                raise NotAnswering
            yield answer.content


def _line(line: dict[str, Any]) -> tuple[Any, ...]:
    why = " ".join(
        f"{one['group']}-{one['carc']}:{_dollars(one['amount_cents'])}" for one in line["adjustments"]
    )
    amounts = (line["charge_cents"], line["allowed_cents"], line["paid_cents"])
    return (_cell(line["line_id"]), line["from_date"], _cell(line["code"]), *map(_dollars, amounts), why)


def _dollars(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _cell(text: str) -> str:
    """A cell that a spreadsheet would run as a formula begins with an apostrophe (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
