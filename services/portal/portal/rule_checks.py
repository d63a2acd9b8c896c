"""What validation's rules say of a request before it is sent: its own answer, asked over HTTP.

The rules in force, their sentences and how to mend are validation's alone. Where it does not answer, the form still
checks what the contract says, and the request is checked in any case once it is sent.
"""

from __future__ import annotations

import httpx

from portal.claim_form import Wrong, field_of
from portal.settings import Settings
from throughline.requests import PaymentRequest

_SOON_S = 2.0


async def broken_rules(settings: Settings, request: PaymentRequest) -> list[Wrong] | None:
    """Every rule that does not hold; None where validation does not answer."""
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
        return [
            Wrong(field_of(one["field"] or ""), "rule", one["message"], one["fix"])
            for one in answer.json()["findings"]
        ]
    except (httpx.HTTPError, ValueError, KeyError):
        return None
