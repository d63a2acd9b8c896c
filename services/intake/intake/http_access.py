"""Who calls, and under which key a call counts once."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.routing import APIRoute

from chassis import Context
from intake.http_problems import Problematic, not_found
from intake.repository import partner_of_key

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_API_KEY = re.compile(r"[\x21-\x7e]{16,200}")


class ProblemRoute(APIRoute):
    """A route whose Problematic becomes its problem body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Problematic as problem:
                return problem.response()

        return handled


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


async def calling_partner(request: Request) -> str:
    """The partner whose API key was sent, as a bearer token. Only its SHA-256 is known here. Raises Problematic 401."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    partner = None
    if scheme.lower() == "bearer" and _API_KEY.fullmatch(key):
        partner = await partner_of_key(context_of(request).pool, sha256(key.encode()).hexdigest())
    if partner is None:
        raise Problematic(401, "unauthenticated", "Send your API key as a bearer token.")
    return partner


def idempotency_key(request: Request) -> str:
    """Raises Problematic 400 where there is none: a call that may move money must be safe to repeat."""
    key = request.headers.get("idempotency-key", "")
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise Problematic(
            400,
            "idempotency_key",
            "Send an Idempotency-Key of 1 to 200 printable characters, new for each request.",
        )
    return key


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def path_id(text: str) -> UUID:
    """Raises Problematic 404 for anything that is not an id."""
    if len(text) != 36:
        raise not_found()
    try:
        return UUID(text)
    except ValueError:
        raise not_found() from None
