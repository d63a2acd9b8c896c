"""What validation's rules say of a request before it is sent: its own answer, asked over HTTP.

The rules in force, their sentences and how to mend are validation's alone. Where it does not answer, the form still
checks what the contract says, and the request is checked in any case once it is sent.

What a provider does not read of a request that was sent is not said of one before it is sent either: nobody finds out
here who is on an exclusion list, or whose name is like one of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx

from portal.claim_form import Wrong, field_of
from portal.explained import open_to_provider
from portal.settings import Settings
from throughline.requests import PaymentRequest

_SOON_S = 2.0


async def broken_rules(settings: Settings, request: PaymentRequest) -> list[Wrong] | None:
    """Every rule that does not hold and that a provider reads; None where validation does not answer."""
    if settings.validation_url is None:
        return None
    token = settings.validation_token
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    try:
        async with httpx.AsyncClient(base_url=settings.validation_url, timeout=_SOON_S) as client:
            answer = await client.post("/v1/checks", content=request.model_dump_json(), headers=headers)
        if answer.status_code != 200:
            return None
        return told_before_it_is_sent(answer.json()["findings"])
    except (httpx.HTTPError, ValueError, KeyError):
        return None


def told_before_it_is_sent(findings: Iterable[dict[str, Any]]) -> list[Wrong]:
    """Of validation's findings, those that the form tells whoever fills it in. Pure."""
    return [
        Wrong(field_of(one["field"] or ""), "rule", one["message"], one["fix"])
        for one in findings
        if open_to_provider(one)
    ]
