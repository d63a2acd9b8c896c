"""People are changed by two operators, neither of them the subject (H3 of the catalogue: 409)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
from portal_people import Person, TrueTime, known, session_of
from portal_stories import Life, Teller, example

from chassis import Context, testing
from chassis.testing import said_in
from chassis.testing_people import SoftPasskey
from portal.app import service
from portal.people_differences import (
    Difference,
    organisation_differences,
    person_differences,
    recorded_passkeys,
)
from portal.people_work import put_person
from portal.rules import Role
from portal.sessions import csrf_token
from portal.tenancy import WRITER, Scope, Sees, enter, reading, writing
from throughline.people import (
    OrganisationRecorded,
    PersonKey,
    PersonRecorded,
    RelyingParty,
    RoleHeld,
)
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

    async def get(self, person: Person, path: str) -> httpx.Response:
        secret = await session_of(self.context, person)
        return await self.browser.get(path, headers={"Cookie": f"__Host-session={secret}"})

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


async def test_who_approves_sees_every_role_key_and_payee_that_changes(
    operators: Operators, context: Context
) -> None:
    passkey = SoftPasskey(RelyingParty(id="portal.example", origin="https://portal.example"))
    async with writing(context, Scope(Sees.SIGN_IN)) as db:
        await db.execute(
            "insert into passkeys values ($1, $2, $3, 0, 'portal.example', 'Desk key', now())",
            b64(passkey.kid),
            operators.subject.person_id,
            b64(passkey.public().public_key),
        )
    await operators.propose(operators.one, operators.subject, what="record-passkeys")
    shown = await operators.get(operators.two, await operators.waiting())
    assert "Adds" in shown.text and "Passkey Desk key" in shown.text and passkey.kid[-12:] in shown.text
    assert "Takes" not in shown.text and 'value="approve"' in shown.text
    assert 'value="approve"' not in (await operators.get(operators.one, await operators.waiting())).text
    assert 'value="approve"' not in (await operators.get(operators.two, "/people")).text


async def test_who_approves_an_organisation_sees_its_payees_by_name(
    operators: Operators, context: Context
) -> None:
    life, unknown = Life(Teller(), "x"), uuid4()
    provider = example("ProviderRecorded", payee_id=life.payee_id, identifier=life.npi, npi=life.npi)
    await testing.deliver(service, context, [provider])
    answer = await operators.post(
        operators.one,
        "/people/organisations",
        name="Oakwood Billing",
        kind="biller",
        note="New customer",
        payees=f"{life.payee_id}\n{unknown}",
    )
    assert answer.status_code == 303
    shown = (await operators.get(operators.two, await operators.waiting())).text
    assert "Oakwood Billing" in shown and provider.name in shown and life.npi in shown
    assert str(unknown) in shown and "no provider of this id is known" in shown


@pytest.mark.parametrize(("who", "status"), [("one", 409), ("two", 200)])
async def test_the_invitation_is_not_for_who_proposed_the_person(
    operators: Operators, context: Context, who: str, status: int
) -> None:
    proposed = {"login": "jo", "name": "Jo Example", "role": "auditor", "note": "Joins"}
    organisation = str(operators.one.organisation_id)
    await operators.post(operators.one, "/people", **proposed, organisation_id=organisation)
    await operators.post(operators.two, await operators.waiting(), decision="approve")
    (record,) = await said_in(context.pool)
    jo = PersonRecorded.model_validate_json(record.value)
    async with writing(context, WRITER) as db:
        await put_person(db, jo)
    person: Person = getattr(operators, who)
    page = (await operators.get(person, "/people")).text
    assert (f"/people/{jo.person_id}/invitation" in page) == (who == "two")
    answer = await operators.post(person, f"/people/{jo.person_id}/invitation")
    assert (answer.status_code, "/welcome/" in answer.text) == (status, who == "two")


def test_a_record_says_what_it_adds_and_takes() -> None:
    organisation, other = uuid4(), uuid4()
    party = RelyingParty(id="portal.example", origin="https://portal.example")
    old, new = SoftPasskey(party).public(), SoftPasskey(party).public()
    elsewhere = SoftPasskey(RelyingParty(id="other.example", origin="https://other.example")).public()
    signing = PersonKey(kid="own", kind="signing", public_key="AAAA")
    reviewer, releaser = (
        RoleHeld(role="reviewer", organisation_id=organisation),
        RoleHeld(role="releaser", organisation_id=other),
    )
    before = PersonRecorded(person_id=uuid4(), version=1, roles=(reviewer,), keys=(signing, old, elsewhere))
    keys = recorded_passkeys(before, (new,), "portal.example")
    assert keys == (signing, elsewhere, new), "a passkey that was removed here is recorded no more"
    after = before.model_copy(update={"version": 2, "active": False, "roles": (releaser,), "keys": keys})
    assert set(person_differences(before, after)) == {
        Difference(False, "active"),
        Difference(True, "role", "releaser", other),
        Difference(False, "role", "reviewer", organisation),
        Difference(True, "passkey", new.kid),
        Difference(False, "passkey", old.kid),
    }
    assert person_differences(after, after) == []
    assert Difference(True, "active") in person_differences(None, before)
    here = OrganisationRecorded(organisation_id=organisation, version=1, kind="biller", payees=(other,))
    there = here.model_copy(update={"payees": (organisation,), "kind": "provider"})
    assert set(organisation_differences(here, there)) == {
        Difference(False, "kind", "biller"),
        Difference(True, "kind", "provider"),
        Difference(True, "payee", str(organisation)),
        Difference(False, "payee", str(other)),
    }


def b64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
