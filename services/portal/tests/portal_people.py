"""People who sign in: with a role, an organisation, a password and a TOTP secret. Invented, all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID, uuid4

import httpx
import pyotp

from chassis import Context, clock
from portal.local_accounts import hash_password
from portal.people_work import put_organisation, put_person
from portal.rules import OPERATIONS, Role
from portal.sessions import begin_session
from portal.tenancy import SIGN_IN, WRITER, Scope, Sees, enter, writing
from throughline.people import OrganisationRecorded, PersonRecorded, RoleHeld

PASSWORD = "correct horse battery"


@cache
def hashed(password: str) -> str:
    return hash_password(password)


@dataclass
class Person:
    """Knows how to sign in. ``payee_id`` is their organisation's."""

    login: str
    roles: tuple[Role, ...]
    organisation_id: UUID = field(default_factory=uuid4)
    payee_id: UUID = field(default_factory=uuid4)
    person_id: UUID = field(default_factory=uuid4)
    secret: str = field(default_factory=pyotp.random_base32)
    version: int = 1

    @property
    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(clock.event_time())

    def record(self, **changed: object) -> PersonRecorded:
        roles = tuple(RoleHeld(role=role.value, organisation_id=self.organisation_id) for role in self.roles)
        made = PersonRecorded(person_id=self.person_id, version=self.version, roles=roles)
        return made.model_copy(update=changed)

    def organisation(self) -> OrganisationRecorded:
        kind = "operations" if self.roles[0] in OPERATIONS else "provider"
        return OrganisationRecorded(
            organisation_id=self.organisation_id,
            version=1,
            kind=kind,  # type: ignore[arg-type]
            payees=() if kind == "operations" else (self.payee_id,),
        )


async def known(context: Context, login: str, *roles: Role, organisation_id: UUID | None = None) -> Person:
    """A person with an account, as the topic ``people`` and an invitation make one."""
    person = Person(login, roles, organisation_id or uuid4())
    async with context.pool.acquire() as db, db.transaction():
        await enter(db, WRITER)
        await put_organisation(db, person.organisation())
        await put_person(db, person.record())
        await enter(db, Scope(Sees.SIGN_IN))
        await db.execute(
            """insert into accounts (person_id, login, display_name, password_hash, totp_sealed, user_handle)
               values ($1, $2, $3, $4, $5, $6)""",
            person.person_id,
            login,
            f"{login.title()} Example",
            hashed(PASSWORD),
            context.resources.content_key.seal(person.secret.encode(), "accounts", person.person_id),
            person.person_id.bytes,
        )
    return person


def csrf_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text[:400]
    return found[1]


async def try_sign_in(
    browser: httpx.AsyncClient, person: Person, *, code: str | None = None, password: str = PASSWORD
) -> httpx.Response:
    csrf = csrf_in(await browser.get("/sign-in"))
    given = {"csrf": csrf, "login": person.login, "password": password, "code": code or person.code}
    return await browser.post("/sign-in", data=given)


async def sign_in(browser: httpx.AsyncClient, person: Person) -> None:
    answer = await try_sign_in(browser, person)
    assert answer.status_code == 303, answer.text


class TrueTime:
    """The true time, moved by a test: what sessions, codes and tries go by."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **given: float) -> None:
        self.now += timedelta(**given)


async def session_of(context: Context, person: Person, method: str = "totp") -> str:
    """The secret of a new session, as a sign-in would give it."""
    async with writing(context, SIGN_IN) as db:
        return await begin_session(db, context, person.person_id, method, "a test's browser")
