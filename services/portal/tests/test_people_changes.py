"""People are changed by two operators, neither of them the subject (H3 of the catalogue: 409)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from portal_people import Person, TrueTime, known, session_of

from chassis import Context
from chassis.testing import said_in
from portal.people_work import put_person
from portal.rules import Role
from portal.sessions import csrf_token
from portal.tenancy import WRITER, Scope, Sees, enter, reading, writing
from throughline.people import PersonRecorded
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, verify


@dataclass
class Operators:
    """Three operators and one whom they administer, at their browsers."""

    browser: httpx.AsyncClient
    context: Context
    one: Person
    two: Person
    subject: Person

    async def post(self, person: Person, path: str, **given: str) -> httpx.Response:
        secret = await session_of(self.context, person)
        headers = {"Cookie": f"__Host-session={secret}"}
        return await self.browser.post(path, data={"csrf": csrf_token(secret), **given}, headers=headers)

    async def propose(self, by: Person, about: Person, what: str = "disable") -> httpx.Response:
        return await self.post(by, f"/people/{about.person_id}", what=what, note="Has left")

    async def waiting(self) -> str:
        async with reading(self.context, Scope(Sees.PEOPLE)) as db:
            found: UUID = await db.fetchval("select change_id from people_changes where decided_at is null")
        return f"/people/changes/{found}"


@pytest.fixture
async def operators(browser: httpx.AsyncClient, context: Context) -> Operators:
    one = await known(context, "one", Role.OPERATOR)
    organisation = one.organisation_id
    two = await known(context, "two", Role.OPERATOR, organisation_id=organisation)
    subject = await known(context, "subject", Role.OPERATOR, organisation_id=organisation)
    async with writing(context, WRITER) as db:
        for person in (one, two, subject):
            await db.execute(
                """insert into chassis.people (person_id, version, body) values ($1, 1, $2)
                   on conflict (person_id) do update set body = excluded.body""",
                person.person_id,
                person.record().model_dump_json().encode(),
            )
    return Operators(browser, context, one, two, subject)


async def test_what_one_proposes_and_another_approves_is_signed_for_both(
    operators: Operators, context: Context
) -> None:
    assert (await operators.propose(operators.one, operators.subject)).status_code == 303
    assert await said_in(context.pool) == []
    answer = await operators.post(operators.two, await operators.waiting(), decision="approve")
    assert answer.status_code == 303
    (record,) = await said_in(context.pool)
    headers, key = dict(record.headers), context.resources.signing_key
    first, second = (verify(headers[name], record.value, key) for name in (SIGNATURE, SECOND_SIGNATURE))
    assert (first.person_id, second.person_id) == (operators.one.person_id, operators.two.person_id)
    assert first.role == second.role == "operator" and first.topic == "people"
    said = PersonRecorded.model_validate_json(record.value)
    assert (said.person_id, said.version, said.active) == (operators.subject.person_id, 2, False)


@pytest.mark.parametrize("who", ["one", "subject"])
async def test_neither_who_proposed_nor_the_subject_approves(
    operators: Operators, context: Context, who: str
) -> None:
    await operators.propose(operators.one, operators.subject)
    person: Person = getattr(operators, who)
    answer = await operators.post(person, await operators.waiting(), decision="approve")
    assert answer.status_code == 409
    assert await said_in(context.pool) == []


async def test_nobody_proposes_for_themselves(operators: Operators) -> None:
    assert (await operators.propose(operators.one, operators.one)).status_code == 409


@pytest.mark.parametrize("meanwhile", ["a day", "another change", "the proposer was shut out"])
async def test_what_was_proposed_before_things_changed_is_not_approved(
    operators: Operators, context: Context, true_time: TrueTime, meanwhile: str
) -> None:
    await operators.propose(operators.one, operators.subject)
    path = await operators.waiting()
    if meanwhile == "a day":
        true_time.pass_by(hours=24, seconds=1)
    else:
        changed = operators.subject if meanwhile == "another change" else operators.one
        active = meanwhile == "another change"
        async with context.pool.acquire() as db, db.transaction():
            await enter(db, WRITER)
            await put_person(db, changed.record(version=2, active=active))
    answer = await operators.post(operators.two, path, decision="approve")
    assert answer.status_code == (404 if meanwhile == "a day" else 412)
    assert await said_in(context.pool) == []


async def test_a_rejected_change_is_over(operators: Operators, context: Context) -> None:
    await operators.propose(operators.one, operators.subject)
    path = await operators.waiting()
    assert (await operators.post(operators.two, path, decision="reject")).status_code == 303
    assert (await operators.post(operators.two, path, decision="approve")).status_code == 404
    assert await said_in(context.pool) == []


async def test_a_role_counts_only_where_it_belongs(operators: Operators) -> None:
    answer = await operators.post(
        operators.one,
        f"/people/{operators.subject.person_id}",
        what="add-role",
        role="biller",
        organisation_id=str(operators.one.organisation_id),
        note="By mistake",
    )
    assert answer.status_code == 422
