"""What stands before every route: host, origin, size, headers, and an error page that tells nothing.

Pure ASGI, so that no body is held in memory here and nothing of a request reaches a log.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from portal.rules import SAFE_METHODS
from portal.sessions import FORM_COOKIE, new_secret
from portal.settings import Settings

logger = logging.getLogger("portal.guard")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MACHINE_PATHS = frozenset({"/live", "/ready", "/idle", "/metrics"})
"""For the stack and its monitors, under any name but the public one."""
UPLOADS = ("/uploads", "/attachments")
"""Paths whose bodies may be as large as an upload."""


_CLOSE = {"Connection": "close"}


class TooMuch(HTTPException):
    """The body is larger than its route takes."""

    def __init__(self) -> None:
        super().__init__(413, headers=_CLOSE)


class TooSlow(HTTPException):
    """The body was not complete in time."""

    def __init__(self) -> None:
        super().__init__(408, headers=_CLOSE)


class Guard:
    """ASGI middleware around the portal's app."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._host = urlsplit(settings.public_origin).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_public = headers.get("host", "") == self._host
        if scope["path"] in MACHINE_PATHS and not is_public:
            await self._app(scope, receive, send)
            return
        scope["client"] = (self._address(scope, headers), 0)
        scope["portal.nonce"] = secrets.token_urlsafe(16)
        known = _cookie(headers, FORM_COOKIE)
        scope["portal.form_secret"] = known or new_secret()
        answer = _Answer(send, scope, self._settings, None if known else scope["portal.form_secret"])
        refused = self._refusal(scope, headers, is_public)
        if refused is not None:
            await answer.plain(*refused)
            return
        await self._call(scope, self._bounded(scope, headers, receive), answer)

    def _address(self, scope: Scope, headers: Headers) -> str:
        """Who calls: the nearest address that is not a proxy of ours. Anybody can write the header."""
        client = scope.get("client")
        address = client[0] if client else ""
        hops = [hop.strip() for hop in ",".join(headers.getlist("x-forwarded-for")).split(",") if hop.strip()]
        while address in self._settings.trusted_proxies and hops:
            address = hops.pop()
        return str(address)

    def _refusal(self, scope: Scope, headers: Headers, is_public: bool) -> tuple[int, str] | None:
        """Status and word for a request that no route is asked about."""
        if not is_public or scope["path"] in MACHINE_PATHS:
            return 421 if not is_public else 404, "Open the portal by its own name."
        if len(scope["path"]) > 2048 or "\x00" in scope["path"] or len(scope["query_string"]) > 4096:
            return 404, "There is no such page."
        lengths = headers.getlist("content-length"), headers.getlist("transfer-encoding")
        if all(lengths) or any(len(each) > 1 for each in lengths) or len(headers.getlist("host")) > 1:
            return 400, "That is no request of a browser."  # two servers could read it as two different ones
        if scope["method"] in SAFE_METHODS:
            return None
        if headers.get("origin") != self._settings.public_origin:
            return 403, "This did not come from a page of the portal."
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return 403, "This did not come from a page of the portal."
        if _charset(headers) not in ("utf-8", "utf8"):
            return (
                415,
                "Forms are sent in UTF-8.",
            )  # some codecs make text that nothing else can store or send
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limit(scope):
            return 413, "That is too large."
        return None

    def _limit(self, scope: Scope) -> int:
        large = scope["path"].endswith(UPLOADS)
        return self._settings.upload_bytes_max if large else self._settings.form_bytes_max

    def _patience(self, scope: Scope) -> float:
        large = scope["path"].endswith(UPLOADS)
        return self._settings.upload_seconds_max if large else self._settings.body_seconds_max

    def _bounded(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """``receive`` that counts, and waits for the whole body no longer than its time."""
        if scope["method"] in SAFE_METHODS:
            return receive
        limit, left = self._limit(scope), self._patience(scope)
        deadline = asyncio.get_running_loop().time() + left
        taken, complete = 0, False

        async def bounded() -> MutableMapping[str, Any]:
            nonlocal taken, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise TooSlow from None
            taken += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if taken > limit:
                raise TooMuch
            return message

        return bounded

    async def _call(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            return  # who asked has gone while the form was read: nobody is there to be answered
        except Exception as error:
            # Neither the error's words nor its values: they may repeat what a person typed or what a row holds.
            identity = uuid4()
            frame = _where(error)
            logger.error("error %s: %s in %s", identity, type(error).__name__, frame)
            await answer.failed(str(identity))


def _where(error: BaseException) -> str:
    last, found = error.__traceback__, "?"
    while last is not None:
        code = last.tb_frame.f_code
        if "portal" in code.co_filename:
            found = f"{code.co_name}:{last.tb_lineno}"
        last = last.tb_next
    return found


class _Answer:
    """The answer on its way out: security headers on every one of them."""

    def __init__(self, send: Send, scope: Scope, settings: Settings, form_secret: str | None) -> None:
        self._send = send
        self._scope = scope
        self._settings = settings
        self._form_secret = form_secret
        self.started = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self._dress(MutableHeaders(scope=message))
        await self._send(message)

    def _dress(self, headers: MutableHeaders) -> None:
        nonce = self._scope["portal.nonce"]
        headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        if self._settings.public_origin.startswith("https"):
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if not self._scope["path"].startswith("/static/"):
            headers["Cache-Control"] = "no-store"
        if self._form_secret is not None and "text/html" in headers.get("content-type", ""):
            cookie = f"{FORM_COOKIE}={self._form_secret}; Path=/; Secure; HttpOnly; SameSite=Lax"
            headers.append("Set-Cookie", cookie)

    async def plain(self, status: int, words: str) -> None:
        if self.started:
            return
        body = (words + "\n").encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def failed(self, identity: str) -> None:
        await self.plain(500, f"Something went wrong here. If you ask about it, name {identity}.")


def _charset(headers: Headers) -> str:
    """Read as the form's own parser reads it."""
    _, options = parse_options_header(headers.get("content-type", ""))
    return options.get(b"charset", b"utf-8").decode("latin-1").lower()


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return found.value if found is not None and 40 <= len(found.value) <= 64 else None
