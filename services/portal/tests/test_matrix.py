"""Who may do what: every route x every role x own and foreign objects, made from the routes themselves (H2).

A page whose path names an object says in ``OBJECTS`` which one is the caller's and which is another's; a path parameter
that is not there fails. Routes come from the router: a new page is in the matrix without a change here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from portal_people import Person, known, session_of

from chassis import Context
from portal import ceremonies
from portal.app import service
from portal.rules import EVERYBODY, SAFE_METHODS, Role, rule_of
from portal.sessions import csrf_token
from portal.tenancy import SIGN_IN, WRITER, writing

ROUTES = [route for router in service.api for route in router.routes if isinstance(route, APIRoute)]
PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
Make = Callable[[Context, Person], Awaitable[str]]


async def session_id(context: Context, person: Person) -> str:
    await session_of(context, person)
    async with writing(context, SIGN_IN) as db:
        found = "select session_id from sessions where person_id = $1 order by session_id limit 1"
        return str(await db.fetchval(found, person.person_id))


async def ceremony_id(context: Context, person: Person) -> str:
    """Of a session that is nobody's here: a step-up is not even its own person's in another browser."""
    async with writing(context, SIGN_IN) as db:
        made = await ceremonies.begin(
            db, "step-up", seconds=300, person_id=person.person_id, session_id=uuid4(), about={}
        )
    return str(made.id)


async def person_id(context: Context, person: Person) -> str:
    return str(person.person_id)


async def change_id(context: Context, person: Person) -> str:
    return str(uuid4())


OWNED = "(values ($1::uuid, $2::uuid, $3::uuid, $4::uuid)) as o (id, payee, organisation, person)"
ROWS = {
    "request_id": f"insert into requests (request_id, payee_id) select id, payee from {OWNED}",
    "payment_id": f"insert into payments (payment_id, payee_id) select id, payee from {OWNED}",
    "draft_id": f"""insert into drafts (draft_id, organisation_id, person_id, content, saved_at)
                    select id, organisation, person, '', now() from {OWNED}""",
    "upload_id": f"""insert into uploads
                     (upload_id, organisation_id, person_id, receipt_id, format, bytes, sent_at)
                     select id, organisation, person, id, 'csv', 1, now() from {OWNED}""",
    "question_id": f"""insert into questions (question_id, request_id, payee_id, to_side, asked_at, text)
                       select id, id, payee, 'provider', now(), '' from {OWNED}""",
}
"""Objects that are one row, and whose it is."""


def row_of(name: str) -> Make:
    async def make(context: Context, person: Person) -> str:
        identity = uuid4()
        async with writing(context, WRITER) as db:
            await db.execute(ROWS[name], identity, person.payee_id, person.organisation_id, person.person_id)
        return str(identity)

    return make


def always(value: str) -> Make:
    """What no organisation owns: only operations may ask for it."""

    async def make(context: Context, person: Person) -> str:
        return value

    return make


async def payee_id(context: Context, person: Person) -> str:
    return str(person.payee_id)


OBJECTS: dict[str, Make] = {
    **{name: row_of(name) for name in ROWS},
    "payee_id": payee_id,
    "session_id": session_id,
    "ceremony_id": ceremony_id,
    "person_id": person_id,
    "change_id": change_id,
    "proposal_id": always(str(UUID(int=9))),
    "rule_version": always("1"),
    "batch_id": always(str(UUID(int=9))),
    "name": always("late"),
    "sha256": always("0" * 64),
    "topic": always("submissions"),
    "partition": always("0"),
    "offset": always("0"),
}
"""By the name of a path's parameter: makes one that belongs to a person, or to their organisation."""
WITH_A_STORY = {"ceremony_id", "payee_id", *ROWS}
"""Objects that need more than a row to be shown; the tests of their pages look at one's own."""
FOREIGN = {"/step-up/{ceremony_id}": 401, "/account/prove/{ceremony_id}": 401}
"""What a foreign object is answered with, where that is not 404."""


async def world(context: Context) -> tuple[dict[Role, Person], Person, Person]:
    """A person of each role, and two of other organisations, whose objects are nobody else's."""
    cast = {role: await known(context, role.value, role) for role in EVERYBODY}
    stranger = await known(context, "stranger", Role.PROVIDER_ADMIN)
    return cast, stranger, await known(context, "other-operator", Role.OPERATOR)


async def call(browser: httpx.AsyncClient, method: str, path: str, secret: str | None) -> httpx.Response:
    browser.cookies.clear()
    headers = {}
    if secret is not None:
        headers["Cookie"] = f"__Host-session={secret}"
        headers["X-CSRF-Token"] = csrf_token(secret)
    return await browser.request(method, path, headers=headers)


@pytest.mark.parametrize("role", EVERYBODY)
async def test_every_route_answers_the_roles_of_its_rule_and_no_others(
    browser: httpx.AsyncClient, context: Context, role: Role
) -> None:
    cast, stranger, _ = await world(context)
    person = cast[role]
    cells = 0
    for route in ROUTES:
        rule = rule_of(route)
        assert rule is not None and route.methods is not None
        if rule.open:
            continue
        method = sorted(route.methods)[0]
        names = PARAMETER.findall(route.path)
        assert set(names) <= set(OBJECTS), f"{route.path}: say in OBJECTS whose {names} is"
        foreign = {name: await OBJECTS[name](context, stranger) for name in names}
        secret = await session_of(context, person)
        answer = await call(browser, method, fill(route.path, foreign), secret)
        if role not in rule.roles:
            assert answer.status_code == 403, f"{role} {method} {route.path}: {answer.status_code}"
        elif names and not rule.people and sees_only_their_own(role, names):
            expected = FOREIGN.get(route.path, 404)
            # What a form lacks is said before it is known whose the object is, and says nothing of it.
            assert answer.status_code in (expected, 400), (
                f"{role} {method} {route.path}: {answer.status_code}"
            )
        else:
            # 503: audit, validation and intake are not there for these tests, and their pages say so.
            away = (503,) if route.path.startswith(("/audit", "/rules/")) or "{sha256}" in route.path else ()
            admitted = answer.status_code in away or (answer.status_code < 500 and answer.status_code != 403)
            assert admitted, f"{role} {method} {route.path}: {answer.status_code}"
            if method in SAFE_METHODS and not names:
                # 400: a download asks which one, and nothing was said here.
                assert answer.status_code in (200, 400), f"{role} {route.path}: {answer.status_code}"
        cells += 1
    assert cells > 5


def fill(path: str, values: dict[str, str]) -> str:
    return PARAMETER.sub(lambda found: values[found[1]], path)


def sees_only_their_own(role: Role, names: list[str]) -> bool:
    """Operations see the objects of all organisations, but nobody else's session or step-up."""
    personal = {"session_id", "ceremony_id"}
    return role in (Role.BILLER, Role.PROVIDER_ADMIN) or bool(personal & set(names))


async def test_an_object_of_ones_own_is_found(browser: httpx.AsyncClient, context: Context) -> None:
    """The other half: a matrix of refusals alone would also hold where nothing worked."""
    person = await known(context, "ann", Role.PROVIDER_ADMIN)
    for route in ROUTES:
        rule, names = rule_of(route), PARAMETER.findall(route.path)
        assert rule is not None and route.methods is not None
        method = sorted(route.methods)[0]
        admitted = Role.PROVIDER_ADMIN in rule.roles and names and not WITH_A_STORY & set(names)
        if not admitted or method not in SAFE_METHODS:
            continue
        own = {name: await OBJECTS[name](context, person) for name in names}
        answer = await call(browser, method, fill(route.path, own), await session_of(context, person))
        assert answer.status_code == 200, f"{route.path}: {answer.status_code}"


async def test_without_a_session_every_route_but_the_open_ones_asks_to_sign_in(
    browser: httpx.AsyncClient, context: Context
) -> None:
    for route in ROUTES:
        rule = rule_of(route)
        assert rule is not None and route.methods is not None
        if rule.open:
            continue
        method = sorted(route.methods)[0]
        path = fill(route.path, {name: str(UUID(int=7)) for name in PARAMETER.findall(route.path)})
        answer = await call(browser, method, path, None)
        assert answer.status_code == (303 if method in SAFE_METHODS else 401), f"{method} {route.path}"
