"""The topic ``people`` as the portal keeps it: who may come in, in which roles, for which organisations' payees."""

from __future__ import annotations

import asyncpg

from chassis import clock
from chassis.people_heard import PeopleWork
from portal.sessions import end_sessions_of
from portal.tenancy import WRITER, enter
from throughline.people import OrganisationRecorded, PersonRecorded

_PUT_ORGANISATION = """
insert into organisations (organisation_id, kind, active, version) values ($1, $2, $3, $4)
on conflict (organisation_id) do update
set kind = excluded.kind, active = excluded.active, version = excluded.version
"""
_PUT_PERSON = """
insert into people (person_id, active, version) values ($1, $2, $3)
on conflict (person_id) do update set active = excluded.active, version = excluded.version
"""


class PortalPeople(PeopleWork):
    """The chassis believes or refuses a record; what it believes is kept here too, as the portal's pages ask for it."""

    async def store(self, db: asyncpg.Connection) -> None:
        await super().store(db)
        await enter(db, WRITER)
        for organisation in self.changed_organisations.values():
            await put_organisation(db, organisation)
        for person in self.changed_people.values():
            await put_person(db, person)


async def put_organisation(db: asyncpg.Connection, organisation: OrganisationRecorded) -> None:
    identity = organisation.organisation_id
    await db.execute(
        _PUT_ORGANISATION, identity, organisation.kind, organisation.active, organisation.version
    )
    await db.execute("delete from organisation_payees where organisation_id = $1", identity)
    await db.executemany(
        "insert into organisation_payees (organisation_id, payee_id) values ($1, $2)",
        [(identity, payee) for payee in dict.fromkeys(organisation.payees)],
    )


async def put_person(db: asyncpg.Connection, person: PersonRecorded) -> None:
    """Whoever gains, loses or keeps no role signs in anew: a session holds no right of an earlier record."""
    identity = person.person_id
    held = {(row[0], row[1]) for row in await db.fetch(_ROLES, identity)}
    wanted = {(one.role, one.organisation_id) for one in person.roles}
    await db.execute(_PUT_PERSON, identity, person.active, person.version)
    await db.execute("delete from person_roles where person_id = $1", identity)
    await db.executemany(
        "insert into person_roles (person_id, role, organisation_id) values ($1, $2, $3)",
        [(identity, role, organisation) for role, organisation in sorted(wanted)],
    )
    if held != wanted or not person.active:
        await end_sessions_of(db, [identity], clock.event_time())


_ROLES = "select role, organisation_id from person_roles where person_id = $1"
