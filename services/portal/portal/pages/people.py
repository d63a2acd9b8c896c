"""People and organisations, for operators: one proposes, another approves; then an invitation lets a new person in."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID, uuid4

import asyncpg
import pyotp
from fastapi import Form, HTTPException, Response

from portal import ceremonies, tenancy
from portal.notes import ShortNote
from portal.page import Nav, Visit, may_administer_people, page_router
from portal.passkeys import base64url
from portal.people_changes import (
    Change,
    decide,
    one_waiting,
    organisation_recorded,
    person_recorded,
    propose,
    proposers_of,
    version_of,
    waiting,
)
from portal.people_differences import (
    Difference,
    organisation_differences,
    person_differences,
    recorded_passkeys,
)
from portal.rules import EVERYBODY, OPERATIONS, Role
from portal.tenancy import Sees
from throughline.people import OrganisationRecorded, PersonKey, PersonRecorded, RelyingParty, RoleHeld

router = page_router(Nav("people", "/people", (Role.OPERATOR,), order=90))
INVITATION_SECONDS = 72 * 3600

_PEOPLE = """
select p.person_id, p.active, coalesce(a.display_name, '') as name, coalesce(a.login, '') as login,
  a.password_hash is not null as has_password,
  (select coalesce(array_agg(r.role || ':' || r.organisation_id order by r.role), '{}') from person_roles r
   where r.person_id = p.person_id) as roles,
  (select count(*) from passkeys k where k.person_id = p.person_id) as passkeys
from people p left join accounts a using (person_id) order by a.display_name, p.person_id limit 500
"""
_PASSKEYS = "select credential_id, name, added_at from passkeys where credential_id = any($1::bytea[])"
_PAYEES = "select payee_id, name, kind, identifier from payees where payee_id = any($1::uuid[])"
_NAMES_OF_ORGANISATIONS = "select organisation_id, name from organisation_names"
_ORGANISATIONS = """
select o.organisation_id, o.kind, o.active, coalesce(n.name, '') as name,
  (select count(*) from organisation_payees p where p.organisation_id = o.organisation_id) as payees
from organisations o left join organisation_names n using (organisation_id) order by n.name limit 500
"""


@router.get("/people")
async def people(visit: Annotated[Visit, may_administer_people(Role.OPERATOR)]) -> Response:
    async with visit.reading() as db:
        found = await db.fetch(_PEOPLE)
        organisations = await db.fetch(_ORGANISATIONS)
        changes = await waiting(db)
        names = {row["person_id"]: row["name"] or str(row["person_id"]) for row in found}
        invited = await db.fetch("select person_id, display_name from accounts where password_hash is null")
        proposed = {row[0]: row[1] for row in await db.fetch(_NAMES_OF_ORGANISATIONS)}
        proposers = await proposers_of(db, [row["person_id"] for row in invited])
    names |= proposed | {row["person_id"]: row["display_name"] for row in invited}
    return await visit.show(
        "people.html",
        people=found,
        organisations=organisations,
        named={str(one["organisation_id"]): one["name"] for one in organisations},
        changes=changes,
        names=names,
        roles=EVERYBODY,
        me=visit.session.person_id,
        invitable={one for one, by in proposers.items() if by != visit.session.person_id},
    )


@router.post("/people")
async def propose_person(
    visit: Annotated[Visit, may_administer_people(Role.OPERATOR)],
    login: Annotated[str, Form(pattern=r"^[a-z0-9][a-z0-9._@-]{1,99}$")],
    name: Annotated[str, Form(min_length=1, max_length=100)],
    role: Annotated[Role, Form()],
    organisation_id: Annotated[UUID, Form()],
    note: ShortNote,
) -> Response:
    """A new person, who may come in once a second operator approved and an invitation was used."""
    person_id = uuid4()
    async with visit.writing() as db:
        await _must_fit(db, role, organisation_id)
        made = await db.fetchval(
            """insert into accounts (person_id, login, display_name, user_handle) values ($1, $2, $3, $4)
               on conflict (login) do nothing returning person_id""",
            person_id,
            login,
            name,
            secrets.token_bytes(32),
        )
        if made is None:  # the login is another person's
            raise HTTPException(422)
        held = (RoleHeld(role=role.value, organisation_id=organisation_id),)
        await propose(visit, db, PersonRecorded(person_id=person_id, version=1, roles=held), note)
    return await visit.redirect_with("/people", "people.proposed")


@router.post("/people/organisations")
async def propose_organisation(
    visit: Annotated[Visit, may_administer_people(Role.OPERATOR)],
    name: Annotated[str, Form(min_length=1, max_length=100)],
    kind: Annotated[Literal["biller", "provider", "operations"], Form()],
    note: ShortNote,
    payees: Annotated[str, Form(max_length=40_000)] = "",
) -> Response:
    """A new organisation with the payees, by id, that its people may act for."""
    try:
        ids = tuple(dict.fromkeys(UUID(word) for word in payees.replace(",", " ").split()))
    except ValueError:
        raise HTTPException(422) from None
    organisation_id = uuid4()
    async with visit.writing() as db:
        await db.execute("insert into organisation_names values ($1, $2)", organisation_id, name)
        record = OrganisationRecorded(organisation_id=organisation_id, version=1, kind=kind, payees=ids)
        await propose(visit, db, record, note)
    return await visit.redirect_with("/people", "people.proposed")


@router.post("/people/{person_id}")
async def propose_change(
    visit: Annotated[Visit, may_administer_people(Role.OPERATOR)],
    person_id: UUID,
    what: Annotated[Literal["disable", "enable", "add-role", "take-role", "record-passkeys"], Form()],
    note: ShortNote,
    role: Annotated[Role | None, Form()] = None,
    organisation_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    async with visit.writing() as db:
        record = await person_recorded(db, person_id)
        if record is None:
            raise HTTPException(404)
        changed: dict[str, object] = {"version": await version_of(db, person_id) + 1}
        if what in ("disable", "enable"):
            changed["active"] = what == "enable"
        elif what == "record-passkeys":
            changed["keys"] = await _with_passkeys(visit, db, record)
        else:
            if role is None or organisation_id is None:
                raise HTTPException(422)
            await _must_fit(db, role, organisation_id)
            one = RoleHeld(role=role.value, organisation_id=organisation_id)
            others = tuple(held for held in record.roles if held != one)
            changed["roles"] = (*others, one) if what == "add-role" else others
        await propose(visit, db, record.model_copy(update=changed), note)
    return await visit.redirect_with("/people", "people.proposed")


@router.get("/people/changes/{change_id}")
async def show_change(
    visit: Annotated[Visit, may_administer_people(Role.OPERATOR)], change_id: UUID
) -> Response:
    """All that it adds and takes, by name: who approves it signs exactly this."""
    async with visit.reading() as db:
        change = await one_waiting(db, change_id)
        if change is None:
            raise HTTPException(404)
        differences = await _differences(db, change)
        keys = [base64.urlsafe_b64decode(one.value + "==") for one in differences if one.what == "passkey"]
        passkeys = await db.fetch(_PASSKEYS, keys)
        organisations = {row[0]: row[1] for row in await db.fetch(_NAMES_OF_ORGANISATIONS)}
        people = {row[0]: row[1] for row in await db.fetch("select person_id, display_name from accounts")}
    payees = [UUID(one.value) for one in differences if one.what == "payee"]
    # Payees are no part of what administers people; their names are, as operations see them.
    async with tenancy.reading(visit.context, replace(visit.scope, sees=Sees.OPERATIONS)) as db:
        named = {str(row["payee_id"]): dict(row) for row in await db.fetch(_PAYEES, payees)}
    return await visit.show(
        "people_change.html",
        change=change,
        differences=differences,
        subject=people.get(change.subject_id) or organisations.get(change.subject_id) or change.subject_id,
        proposer=people.get(change.proposed_by, change.proposed_by),
        organisations=organisations,
        passkeys={base64url(row["credential_id"]): dict(row) for row in passkeys},
        payees=named,
        is_mine=visit.session.person_id in (change.proposed_by, change.subject_id),
    )


async def _differences(db: asyncpg.Connection, change: Change) -> list[Difference]:
    if isinstance(change.record, PersonRecorded):
        return person_differences(await person_recorded(db, change.subject_id), change.record)
    return organisation_differences(await organisation_recorded(db, change.subject_id), change.record)


@router.post("/people/changes/{change_id}")
async def decide_change(
    visit: Annotated[Visit, may_administer_people(Role.OPERATOR)],
    change_id: UUID,
    decision: Annotated[Literal["approve", "reject"], Form()],
) -> Response:
    await decide(visit, change_id, approve=decision == "approve")
    return await visit.redirect_with(
        "/people", "people.approved" if decision == "approve" else "people.rejected"
    )


@router.post("/people/{person_id}/invitation")
async def invite(visit: Annotated[Visit, may_administer_people(Role.OPERATOR)], person_id: UUID) -> Response:
    """A link for the person, shown once: with it they choose a password and set up their codes.

    Never to who proposed the person: they could come in as somebody whom they made up. Raises HTTPException 404, 409.
    """
    async with visit.writing() as db:
        if (await proposers_of(db, [person_id])).get(person_id) == visit.session.person_id:
            raise HTTPException(409)
        name = await db.fetchval(
            """select display_name from accounts join people using (person_id)
               where person_id = $1 and active and password_hash is null""",
            person_id,
        )
        if name is None:
            raise HTTPException(404)
        await db.execute("delete from ceremonies where kind = 'invitation' and person_id = $1", person_id)
        secret = visit.context.resources.content_key.seal(
            pyotp.random_base32().encode(), "ceremonies", person_id
        )
        ceremony = await ceremonies.begin(
            db, "invitation", seconds=INVITATION_SECONDS, person_id=person_id, about={"totp": secret.hex()}
        )
    path = f"/welcome/{ceremony.id}?key={base64url(ceremony.challenge)}"
    return await visit.show("invitation.html", name=name, link=visit.settings.public_origin + path)


async def _must_fit(db: asyncpg.Connection, role: Role, organisation_id: UUID) -> None:
    """A role of operations counts in an operations organisation alone, and no other role does there."""
    kind = await db.fetchval("select kind from organisations where organisation_id = $1", organisation_id)
    if kind is None or (kind == "operations") != (role in OPERATIONS):
        raise HTTPException(422)


async def _with_passkeys(
    visit: Visit, db: asyncpg.Connection, record: PersonRecorded
) -> tuple[PersonKey, ...]:
    party = RelyingParty(id=visit.settings.host, origin=visit.settings.public_origin)
    rows = await db.fetch(
        "select credential_id, public_key from passkeys where person_id = $1", record.person_id
    )
    ours = tuple(
        PersonKey(
            kid=base64url(row["credential_id"]),
            kind="passkey",
            public_key=base64url(row["public_key"]),
            relying_party=party,
        )
        for row in rows
    )
    return recorded_passkeys(record, ours, party.id)
