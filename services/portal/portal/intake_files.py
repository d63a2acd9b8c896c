"""Intake's HTTP API for files, called as the portal's own partner."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx

from portal.resources import read_secret
from portal.settings import Settings

INTAKE_KEY_FILE = "intake.key"
_WAIT_S = 30.0


class NotAnswering(Exception):
    """Intake does not answer, or does not know the portal. Nothing was taken."""


async def send_file(settings: Settings, once: UUID, content: bytes) -> dict[str, Any]:
    """The receipt. Raises NotAnswering."""
    kind = "application/edi-x12" if content[:3] == b"ISA" else "text/csv"
    headers = {"Idempotency-Key": str(once), "Content-Type": kind}
    told: dict[str, Any] = (await _call(settings, "POST", "/v1/files", headers, content)).json()
    return told


async def file_progress(settings: Settings, receipt_id: object, after: int) -> dict[str, Any]:
    told: dict[str, Any] = (await _call(settings, "GET", f"/v1/files/{receipt_id}?after={after}")).json()
    return told


async def claims_csv(settings: Settings, receipt_id: object) -> bytes:
    """Every claim answered so far."""
    return (await _call(settings, "GET", f"/v1/files/{receipt_id}/claims.csv")).content


async def _call(
    settings: Settings, method: str, path: str, headers: dict[str, str] | None = None, content: bytes = b""
) -> httpx.Response:
    key = _key(settings)
    if settings.intake_url is None or key is None:
        raise NotAnswering
    known = {"Authorization": f"Bearer {key}"}
    try:
        async with httpx.AsyncClient(base_url=settings.intake_url, timeout=_WAIT_S) as client:
            answer = await client.request(method, path, headers=known | (headers or {}), content=content)
    except httpx.HTTPError:
        raise NotAnswering from None
    if answer.status_code not in (200, 202):
        raise NotAnswering
    return answer


def _key(settings: Settings) -> str | None:
    """The API key of the portal's own partner, from its secrets; None where it has none."""
    if settings.secrets_dir is None or not (settings.secrets_dir / INTAKE_KEY_FILE).is_file():
        return None
    return read_secret(settings.secrets_dir / INTAKE_KEY_FILE)
