"""The site around the pages: the guard before them, error pages, static files."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.staticfiles import StaticFiles

from chassis import Context
from portal.commands import SentOtherwise
from portal.guard import Guard
from portal.notes import BLANK
from portal.page import Visit, go_to
from portal.rule_book import OthersAreServed
from portal.rules import SignInNeeded
from portal.sessions import SESSION_COOKIE, take_cookie
from portal.templates import STATIC, render

WHAT_WAS_SEEN = frozenset({"version", "answers", "token", "amount_cents", "total_cents", "entry_count"})
"""Fields of a decision that say what the person looked at: nobody decides without having looked."""
PAGES_OF_ERRORS = (400, 403, 404, 405, 408, 409, 412, 413, 422, 428, 429, 500, 503)
_OWN_WORDS = {SentOtherwise: "409_once", OthersAreServed: "429_busy"}
"""Errors that say more than their status does."""


def dress(app: FastAPI) -> None:
    """Given to the chassis: called once, with every route in place."""
    context: Context = app.state.context
    app.add_middleware(Guard, settings=context.settings)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(StarletteHTTPException, _error_page)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(SignInNeeded, _to_sign_in)


async def _error_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    kind = _OWN_WORDS.get(type(error), "")
    return error_page(request, error.status_code, error.headers, kind)


async def _not_understood(request: Request, error: Exception) -> Response:
    """A path, a filter or a form that no page of ours makes. What was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    in_path = any(one["loc"][:1] == ("path",) for one in found)
    blind = any(one["type"] == "missing" and one["loc"][-1] in WHAT_WAS_SEEN for one in found)
    silent = any(one["type"] == BLANK for one in found)
    return error_page(request, 404 if in_path else 428 if blind else 422 if silent else 400)


async def _to_sign_in(request: Request, error: Exception) -> Response:
    """To the sign-in, and back to the page that was asked for. What was to be sent is not sent."""
    if request.method != "GET":
        answer = error_page(request, 401)
    else:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        answer = go_to(request, "/sign-in" + ("" if back == "/" else f"?next={quote(back, safe='')}"))
    if SESSION_COOKIE in request.cookies:
        take_cookie(answer, SESSION_COOKIE)
    return answer


def error_page(request: Request, status: int, headers: Any = None, kind: str = "") -> Response:
    """What a person is told, and what to do next; never why in detail."""
    visit = Visit(request, request.app.state.context, None)
    kind = kind or str(status if status in (*PAGES_OF_ERRORS, 401) else 500)
    html = render(visit, "error.html", notices=[], kind=kind)
    return HTMLResponse(html, status, dict(headers or {}))
