"""Validation, asked over HTTP for what only it knows: rules as published, what a candidate would do, why it decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import HTTPException

from portal.settings import Settings

READ_S = 20.0
PREVIEW_PAGE = 500
DECISIONS_MAX = 5_000
"""A preview stops there and says so: some fifteen seconds."""
CHANGES_SHOWN = 100

Files = Mapping[str, str]


class ValidationUnreachable(Exception):
    """Validation is not named in the settings, is away, or answered what cannot be used."""


class NotRead(Exception):
    """Validation cannot read the rules it was asked about; its own sentence."""


class OthersAreServed(HTTPException):
    """Validation decides history again for others, and as many wait as may: ask again in some seconds."""

    def __init__(self, seconds: str) -> None:
        super().__init__(429, "busy", headers={"Retry-After": seconds if seconds.isdecimal() else "5"})


@dataclass(slots=True)
class Preview:
    """What a candidate would have decided otherwise, in all and for each payee."""

    days: int
    compared: int = 0
    is_cut_short: bool = False
    changed: int = 0
    cents: int = 0
    payees: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    """By payee, how many decisions and how many cents."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """The first of them."""
    left_open: int = 0
    """Decisions that hang on resemblances of which no score was kept: whether they would change is not known."""
    kept_from: int = 0
    """Of thresholds of near duplicates, from here on the answer is whole."""
    nothing_kept: int = 0

    def take(self, page: dict[str, Any]) -> None:
        self.compared += page["compared"]
        self.left_open += page["left_open"]
        self.kept_from = max(self.kept_from, page["kept_from"] or 0)
        self.nothing_kept += page["nothing_kept"]
        for one in page["changes"]:
            self.changed += 1
            self.cents += one["cents"]
            of_payee = self.payees[UUID(one["payee_id"])]
            of_payee[0] += 1
            of_payee[1] += one["cents"]
            if len(self.changes) < CHANGES_SHOWN:
                self.changes.append(one)


class RuleBook:
    """A client for one visit. Raises ValidationUnreachable, OthersAreServed."""

    def __init__(self, settings: Settings, *, timeout_s: float = READ_S) -> None:
        self._settings = settings
        self._timeout_s = timeout_s

    async def published(self) -> list[dict[str, Any]]:
        """Every publication, the newest first; last the release's own as version 0."""
        found: list[dict[str, Any]] = (await self._ask("GET", "/v1/rules/published"))["sets"]
        return found

    async def one(self, version: int) -> dict[str, Any] | None:
        """Files and rules of one publication; None where there is none."""
        try:
            return await self._ask("GET", f"/v1/rules/published/{version}")
        except KeyError:
            return None

    async def in_force(self, on: date) -> list[dict[str, Any]]:
        """The rules that decide requests of this first service day which come in now."""
        found: list[dict[str, Any]] = (await self._ask("GET", "/v1/rules", params={"on": str(on)}))["rules"]
        return found

    async def problems(self, files: Files) -> list[dict[str, Any]]:
        """Why these files could not be published."""
        found: list[dict[str, Any]] = (await self._of_files("/v1/rules/lint", files))["problems"]
        return found

    async def read(self, files: Files) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._of_files("/v1/rules/read", files))["rules"]
        return found

    async def differences(self, old: Files, new: Files) -> list[dict[str, Any]]:
        body = {"old": dict(old), "new": dict(new)}
        found: list[dict[str, Any]] = (await self._ask("POST", "/v1/rules/diff", json=body))["changes"]
        return found

    async def preview(self, files: Files, effective_from: date, today: date, days: int) -> Preview:
        """Of requests received on the last days, page by page."""
        told = Preview(days)
        query: dict[str, Any] = {
            "from": str(today - timedelta(days=days - 1)),
            "to": str(today),
            "limit": PREVIEW_PAGE,
            "effective_from": str(effective_from),
        }
        asked = 0
        while True:
            page = await self._ask("POST", "/v1/rules/preview", params=query, json={"files": dict(files)})
            told.take(page)
            asked += PREVIEW_PAGE
            if page["next"] is None:
                return told
            if asked >= DECISIONS_MAX:
                told.is_cut_short = True
                return told
            query["after"] = page["next"]

    async def explanation(self, request_id: UUID) -> dict[str, Any] | None:
        """Why each version was decided as it was; None where validation decided nothing about it."""
        try:
            return await self._ask("GET", f"/v1/requests/{request_id}/explanation")
        except KeyError:
            return None

    async def _of_files(self, path: str, files: Files) -> dict[str, Any]:
        return await self._ask("POST", path, json={"files": dict(files)})

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Raises KeyError where there is nothing by that name, NotRead where the rules cannot be read."""
        if self._settings.validation_url is None:
            raise ValidationUnreachable
        token = self._settings.validation_token
        headers = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
        url = self._settings.validation_url
        try:
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=self._timeout_s) as client:
                answer = await client.request(method, path, **more)
            if answer.status_code == 404:
                raise KeyError(path)
            if answer.status_code == 422:
                raise NotRead(str(answer.json().get("detail", ""))[:400])
            if answer.status_code == 429:
                raise OthersAreServed(answer.headers.get("Retry-After", ""))
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ValidationUnreachable from error
        return found
