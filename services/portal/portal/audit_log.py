"""The audit service, asked over HTTP: what it sealed about a request, proofs, and whether it all holds."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from portal.settings import Settings

READ_S = 20.0
VERIFY_S = 110.0
"""The whole tree is read. A browser waits two minutes."""


class AuditUnreachable(Exception):
    """Audit is not named in the settings, is away, or answered what cannot be used."""


class AuditLog:
    """A client for one visit. Raises AuditUnreachable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def timeline(self, request_id: UUID) -> dict[str, Any] | None:
        """None where audit has heard nothing of the request."""
        return await self._get(f"/v1/requests/{request_id}/timeline")

    async def root(self) -> dict[str, Any] | None:
        """The newest root of the tree; None before the first."""
        return await self._get("/v1/root")

    async def proof(self, topic: str, partition: int, offset: int) -> dict[str, Any] | None:
        """The inclusion proof of one record, without its value; None where it is not in the tree yet."""
        return await self._get(f"/v1/proofs/{quote(topic, safe='')}/{partition}/{offset}")

    async def verify(self) -> dict[str, Any]:
        """Reads everything that was sealed, and compares it with the broker's topics."""
        async with self._client(VERIFY_S) as client:
            try:
                answer = await client.post("/v1/verify")
                answer.raise_for_status()
                report: dict[str, Any] = json.loads(answer.text.strip().splitlines()[-1])["report"]
            except (httpx.HTTPError, ValueError, KeyError, IndexError) as error:
                raise AuditUnreachable from error
        return report

    async def _get(self, path: str) -> dict[str, Any] | None:
        async with self._client(READ_S) as client:
            try:
                answer = await client.get(path)
                if answer.status_code == 404:
                    return None
                answer.raise_for_status()
                found: dict[str, Any] = answer.json()
            except (httpx.HTTPError, ValueError) as error:
                raise AuditUnreachable from error
        return found

    def _client(self, timeout_s: float) -> httpx.AsyncClient:
        if self._settings.audit_url is None:
            raise AuditUnreachable
        token = self._settings.audit_token
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self._settings.audit_url, headers=headers, timeout=timeout_s)
