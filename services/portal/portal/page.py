"""A page: its router, and the visit that a route is given, with which it reads, sends and answers.

router = page_router(Nav("home", "/", EVERYBODY, order=10))

@router.get("/")
async def home(visit: Annotated[Visit, may(*EVERYBODY)]) -> Response:
    async with visit.reading() as db:
        waiting = await requests_waiting(db)
    return await visit.show("home.html", waiting=waiting)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from chassis import Context
from chassis.context import Transaction
from portal import tenancy
from portal.rules import Caller, Role, Rule, rule_of
from portal.sessions import Session, csrf_token, leave_notice, take_notices
from portal.settings import Settings
from portal.shown import Shown
from portal.templates import render
from portal.tenancy import Scope

PHONE_HTML_BYTES_MAX = 150_000
"""No page is larger; a test looks at every page."""


@dataclass(frozen=True, slots=True)
class Nav:
    """A page's place in the navigation: its text's key (``nav.<key>``), its path, who sees it, and where it stands."""

    key: str
    path: str
    roles: tuple[Role, ...]
    order: int


def page_router(nav: Nav | None = None, **options: Any) -> APIRouter:
    """The router of one page. ``portal.pages`` finds it by its name, ``router``."""
    router = APIRouter(include_in_schema=False, route_class=RuledRoute, **options)
    router.nav = nav  # type: ignore[attr-defined]
    return router


@dataclass
class Visit:
    """One request of a browser, admitted by its route's rule."""

    request: Request
    context: Context
    caller: Caller | None

    @property
    def session(self) -> Session:
        """The person's session. Only on routes that are not open to all."""
        assert self.caller is not None, "this route is open to all: nobody is signed in"
        return self.caller.session

    @property
    def scope(self) -> Scope:
        assert self.caller is not None, "this route is open to all: it may not see anybody's rows"
        return self.caller.scope

    @property
    def settings(self) -> Settings:
        settings: Settings = self.context.settings
        return settings

    @property
    def address(self) -> str:
        """Who calls, as the guard sees it."""
        return self.request.client.host if self.request.client else ""

    @property
    def is_partial(self) -> bool:
        """HTMX asks for a part of the page; without JavaScript the same route answers the whole page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def shown(self) -> Shown:
        session = None if self.caller is None else self.caller.session
        if session is None:
            return Shown("en", "America/New_York")
        return Shown(session.language, session.zone)

    def has(self, *roles: Role) -> bool:
        """Whether the person has one of these roles, whatever the route asks for."""
        return self.caller is not None and any(role in self.caller.session.roles for role in roles)

    @property
    def csrf(self) -> str:
        secret = self.request.scope["portal.form_secret"] if self.caller is None else self.session.secret
        return csrf_token(secret)

    @asynccontextmanager
    async def reading(self, *roles: Role) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that sees the caller's rows and no others: what they may see in the route's roles, or in those
        named, of which they must have one."""
        held = tuple(role for role in roles if role in self.session.roles)
        assert held or not roles, "nobody reads in a role that they do not have"
        scope = Rule(held).scope_of(self.session, held) if held else self.scope
        async with tenancy.reading(self.context, scope) as db:
            yield db

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that writes rows and sends nothing."""
        async with tenancy.writing(self.context, self.scope) as db:
            yield db

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[Transaction]:
        """A transaction that also sends commands: ``send_command(visit, tx, ...)`` of portal.commands."""
        async with tenancy.speaking(self.context, self.scope) as transaction:
            yield transaction

    async def show(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page, or the part of one where the template is a part."""
        notices: list[tuple[str, dict[str, Any]]] = []
        if self.caller is not None and self.caller.session.has_notices and not self.is_partial:
            async with tenancy.writing(self.context, self.caller.scope) as db:
                notices = await take_notices(db, self.session.id)
        return HTMLResponse(render(self, template, notices=notices, **values), status)

    def redirect(self, path: str) -> Response:
        """After a form: the browser asks for the page anew, so that a reload sends nothing twice."""
        return go_to(self.request, path)

    async def redirect_with(self, path: str, notice: str, **values: Any) -> Response:
        """As ``redirect``, with a sentence of the catalogue for the page to come."""
        async with tenancy.writing(self.context, self.scope) as db:
            await leave_notice(db, self.session.id, notice, values)
        return self.redirect(path)


def go_to(request: Request, path: str) -> Response:
    assert path.startswith("/") and not path.startswith("//"), "only to a page of ours"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


ADMITTED = "portal.caller"


class RuledRoute(APIRoute):
    """A route that asks its rule (session, role, token) before FastAPI reads the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, rule = super().get_route_handler(), rule_of(self)

        async def ruled(request: Request) -> Response:
            if rule is not None:
                request.scope[ADMITTED] = await rule(request)
            return await handle(request)

        return ruled


def visit_by(rule: Rule) -> Callable[[Request], Awaitable[Visit]]:
    """The dependency that admits a request by a rule, and makes its visit."""

    async def visit(request: Request) -> Visit:
        return Visit(request, request.app.state.context, request.scope[ADMITTED])

    visit.rule = rule  # type: ignore[attr-defined]
    return visit


def may(*roles: Role) -> Any:
    """The rule of a route: people with one of these roles."""
    return Depends(visit_by(Rule(roles)))


def may_administer_people(*roles: Role) -> Any:
    """As ``may``, for the pages of people and organisations."""
    return Depends(visit_by(Rule(roles, people=True)))


def open_to_all() -> Any:
    """The rule of the few routes that need no session. Their visit has no caller."""
    return Depends(visit_by(Rule((), open=True)))
