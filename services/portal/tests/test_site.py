"""What every answer carries, and what is refused before a route is asked."""

from __future__ import annotations

import re

import httpx
import pytest

from portal.settings import Settings


async def test_who_is_not_signed_in_is_sent_to_the_sign_in_and_back(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/")).headers["location"] == "/sign-in"


async def test_every_answer_carries_the_security_headers_and_a_nonce_of_its_own(
    browser: httpx.AsyncClient,
) -> None:
    nonces = set()
    for path in ("/", "/none", "/static/portal.css", "/sign-in"):
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        nonces |= set(re.findall("'nonce-([^']+)'", policy))
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert path.startswith("/static/") or answer.headers["cache-control"] == "no-store"
    assert len(nonces) == 4


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "evil.example", "portal.example.evil.example"])
async def test_pages_answer_under_their_own_name_alone(browser: httpx.AsyncClient, host: str) -> None:
    answer = await browser.get("/", headers={"Host": host, "X-Forwarded-Host": "portal.example"})
    assert answer.status_code == 421


@pytest.mark.parametrize("path", ["/metrics", "/idle", "/ready", "/live"])
async def test_what_monitors_ask_is_not_answered_under_the_public_name(
    browser: httpx.AsyncClient, path: str
) -> None:
    assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8000", "http://portal.example", "https://localhost"], ids=str
)
def test_an_origin_that_browsers_do_not_trust_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="PUBLIC_ORIGIN"):
        Settings.model_validate({"database_url": "x", "public_origin": origin + "/", "stack_mode": "sandbox"})
