"""What the guard makes of an app that fails: a person who has gone is no error, everything else is one."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import ClientDisconnect

from portal.guard import Guard
from portal.settings import Settings

SETTINGS = cast(Settings, SimpleNamespace(
    public_origin="https://portal.example", trusted_proxies=(), form_bytes_max=1000, upload_bytes_max=1000,
    body_seconds_max=5, upload_seconds_max=5,
))  # fmt: skip


@pytest.mark.parametrize(
    ("failure", "logged", "answered"),
    [(ClientDisconnect(), [], []), (ValueError("secret"), ["ERROR"], [500])],
    ids=["gone", "failed"],
)
async def test_a_person_who_has_gone_is_no_error(
    failure: Exception, logged: list[str], answered: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise failure

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/new", "query_string": b"", "scheme": "https",
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"portal.example"), (b"origin", b"https://portal.example")],
    }  # fmt: skip
    with caplog.at_level(logging.INFO, "portal.guard"):
        await Guard(app, SETTINGS)(scope, receive, send)
    assert [one.levelname for one in caplog.records] == logged
    assert [one["status"] for one in sent if one["type"] == "http.response.start"] == answered
    assert "secret" not in caplog.text
