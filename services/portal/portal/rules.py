"""Who may call a route. Every route of the portal names its rule; one without fails the build."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import HTTPException, Request
from fastapi.routing import APIRoute

from chassis import Context
from portal.sessions import Session, csrf_token, find_session
from portal.settings import Settings
from portal.tenancy import Scope, Sees
from throughline.commanding import MAY_GIVE
from throughline.message import Message


class Role(StrEnum):
    """What a person may do for one organisation. They travel on the topic ``people``."""

    BILLER = "biller"
    PROVIDER_ADMIN = "provider_admin"
    REVIEWER = "reviewer"
    RELEASER = "releaser"
    ACCOUNT_APPROVER = "account_approver"
    AUDITOR = "auditor"
    OPERATOR = "operator"


PROVIDERS = (Role.BILLER, Role.PROVIDER_ADMIN)
OPERATIONS = (Role.REVIEWER, Role.RELEASER, Role.ACCOUNT_APPROVER, Role.AUDITOR, Role.OPERATOR)
EVERYBODY = (*PROVIDERS, *OPERATIONS)


def givers_of(command: type[Message]) -> tuple[Role, ...]:
    """Who may give a command here: whoever carries it out judges by the same roles."""
    return tuple(role for role in Role if role.value in MAY_GIVE[command])


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInNeeded(Exception):
    """Nobody is signed in, or the session has ended: the page sends to the sign-in, and back."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a route that their rule admits."""

    session: Session
    roles: tuple[Role, ...]
    """Of the route's roles, those that the person has."""
    scope: Scope
    """What their transactions may see: the organisations for which they have one of the route's roles."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The roles that a route admits; none means that it is open to who is not signed in."""

    roles: tuple[Role, ...]
    open: bool = False
    people: bool = False
    """Administers people: sees their accounts, no request and no payment."""

    async def __call__(self, request: Request) -> Caller | None:
        """The caller. Asked before the body is read: of a body that nobody may send, nothing is taken in.

        Raises SignInNeeded, or HTTPException 403.
        """
        context: Context = request.app.state.context
        if self.open:
            await _must_carry_the_token(request, request.scope["portal.form_secret"])
            await _must_be_text(request)
            return None
        session = await find_session(context, request)
        if session is None:
            raise SignInNeeded
        roles = tuple(role for role in self.roles if role in session.roles)
        if not roles:
            raise HTTPException(403)
        await _must_carry_the_token(request, session.secret)
        await _must_be_text(request)
        return Caller(session, roles, self.scope_of(session, roles))

    def scope_of(self, session: Session, roles: tuple[Role, ...]) -> Scope:
        """What these roles of the person may see."""
        organisations = tuple(sorted({each for role in roles for each in session.roles[role]}))
        if self.people:
            sees = Sees.PEOPLE
        elif any(role in OPERATIONS for role in roles):
            sees = Sees.OPERATIONS
        else:
            sees = Sees.OWN
        return Scope(sees, session.person_id, organisations)


def rule_of(route: APIRoute) -> Rule | None:
    """The rule that a route declares."""
    waiting = list(route.dependant.dependencies)
    while waiting:
        one = waiting.pop()
        rule = getattr(one.call, "rule", None)
        if isinstance(rule, Rule):
            return rule
        waiting += one.dependencies
    return None


async def _must_carry_the_token(request: Request, secret: str) -> None:
    """An unsafe request carries the session's token: in the header that HTMX sends, else in the form.

    The form is read only here, of who may send it, within the guard's bounds. Raises HTTPException 403.
    """
    if request.method in SAFE_METHODS:
        return
    given: Any = request.headers.get("x-csrf-token")
    if given is None and _is_form(request.headers):
        given = (await request.form()).get("csrf")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), csrf_token(secret).encode()):
        raise HTTPException(403, "csrf")


async def _must_be_text(request: Request) -> None:
    """No keyboard makes a NUL, and no database keeps one. Raises HTTPException 400."""
    values: list[Any] = [value for _, value in request.query_params.multi_items()]
    if request.method not in SAFE_METHODS and _is_form(request.headers):
        values += [value for _, value in (await request.form()).multi_items()]
    if any(isinstance(value, str) and "\x00" in value for value in values):
        raise HTTPException(400)


def _is_form(headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")


def settings_of(context: Context) -> Settings:
    settings: Settings = context.settings
    return settings
