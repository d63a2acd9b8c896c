"""The topic ``people``, heard for every service that judges commands: who there is, by which keys, in which roles.

Two different operators sign each record, neither of them its subject; while there are not yet two, founders do. What is
not so signed changes nothing and is a security event. The version must rise, and is raised only by what was believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from chassis.authority import Authority, Command, Standing, judge_signature
from chassis.context import Context
from chassis.heard import Heard
from chassis.hearing import Hearing
from chassis.say import Say
from chassis.signer import Proof, by
from chassis.trust import Founder, Trust
from throughline.flow import PEOPLE
from throughline.people import OrganisationRecorded, PersonRecorded
from throughline.reasons import Reason
from throughline.signed import SignatureMalformed, key_of, kid_of, read

_OPERATOR = by("operator", two=True)

_ALL = """
select true as is_person, body from chassis.people union all select false, body from chassis.organisations
"""
_PUT_PERSON = """
insert into chassis.people as p (person_id, version, body) values ($1, $2, $3)
on conflict (person_id) do update set version = excluded.version, body = excluded.body
"""
_PUT_ORGANISATION = """
insert into chassis.organisations as o (organisation_id, version, body) values ($1, $2, $3)
on conflict (organisation_id) do update set version = excluded.version, body = excluded.body
"""
_PUT_KEYS = """
insert into chassis.people_keys (kid, person_id) select kid, $2 from unnest($1::text[]) as t (kid)
on conflict (kid) do nothing
"""


class PeopleWork:
    """Everybody, in memory: records are rare, and one may be signed by whom the one before it brought."""

    def __init__(self, standing: Standing, keys: dict[str, UUID], trust: Trust) -> None:
        self.standing = standing
        self.keys = keys
        """Whose every key is, or ever was: a key is one person's for good."""
        self.trust = trust
        self.changed_people: dict[UUID, PersonRecorded] = {}
        self.changed_organisations: dict[UUID, OrganisationRecorded] = {}

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> PeopleWork:
        standing = Standing()
        for row in await db.fetch(_ALL):
            standing.put(row["is_person"], row["body"])
        keys = {row[0]: row[1] for row in await db.fetch("select kid, person_id from chassis.people_keys")}
        return cls(standing, keys, context.trust)

    async def store(self, db: asyncpg.Connection) -> None:
        for organisation in self.changed_organisations.values():
            body = organisation.model_dump_json().encode()
            await db.execute(_PUT_ORGANISATION, organisation.organisation_id, organisation.version, body)
        for person in self.changed_people.values():
            await db.execute(_PUT_PERSON, person.person_id, person.version, person.model_dump_json().encode())
            await db.execute(_PUT_KEYS, [one.kid for one in person.keys], person.person_id)

    def refusal_of(self, command: Command, subject: UUID) -> Reason | None:
        """Why a record of people must not be believed; None where two operators, or two founders, signed it."""
        proof = command.proof
        if proof is None or proof.signature is None:
            return Reason.UNSIGNED
        if proof.second is None:
            return Reason.SECOND_PERSON_MISSING
        if not proof.is_timed:
            return Reason.SIGNATURE_EXPIRED
        founders = self._founders_named(proof.signature, proof.second) if self._is_founding() else None
        if founders is not None:
            return founders_refused(command, proof, founders)
        signer = Authority(self.standing, self.trust).signer_of(command, _OPERATOR)
        if isinstance(signer, Reason):
            return signer
        return Reason.SAME_PERSON if subject in (signer.person_id, signer.second_person_id) else None

    def _is_founding(self) -> bool:
        operators = [
            one
            for one in self.standing.people.values()
            if one.active and any(held.role == "operator" for held in one.roles)
        ]
        return len(operators) < 2

    def _founders_named(self, *signatures: bytes) -> list[Founder] | None:
        """Whose founding keys these signatures name; None where one names another key."""
        try:
            found = [self.trust.founders.get(read(one).kid) for one in signatures]
        except SignatureMalformed:
            return None
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None


def founders_refused(command: Command, proof: Proof, founders: Sequence[Founder]) -> Reason | None:
    """Each founding key must have signed this record, for its own person, and they must be two."""
    for founder, signature in zip(founders, (proof.signature, proof.second), strict=True):
        assert signature is not None
        said = read(signature)
        names = (said.message, said.id, said.topic, said.person_id)
        if names != (command.type, command.id, command.topic, founder.person_id):
            return Reason.SIGNATURE_ALTERED
        refusal = judge_signature(signature, proof.value, founder.key, command.recorded_at)
        if refusal is not None:
            return refusal
    return Reason.SAME_PERSON if founders[0].person_id == founders[1].person_id else None


def record_organisation(heard: Heard[OrganisationRecorded], work: PeopleWork, say: Say) -> None:
    message = heard.message
    known = work.standing.organisations.get(message.organisation_id)
    if known is not None and known.version >= message.version:
        return
    reason = work.refusal_of(command_of(heard), message.organisation_id)
    if reason is not None:
        say.security_event(heard, reason)
        return
    work.standing.organisations[message.organisation_id] = message
    work.changed_organisations[message.organisation_id] = message


def record_person(heard: Heard[PersonRecorded], work: PeopleWork, say: Say) -> None:
    """A key id that is not its key's, or another person's key, refuses the record: a person is known by one record."""
    message = heard.message
    known = work.standing.people.get(message.person_id)
    if known is not None and known.version >= message.version:
        return
    reason = work.refusal_of(command_of(heard), message.person_id) or _keys_refused(message, work)
    if reason is not None:
        say.security_event(heard, reason)
        return
    work.standing.people[message.person_id] = message
    work.changed_people[message.person_id] = message
    work.keys.update((one.kid, message.person_id) for one in message.keys)


def _keys_refused(person: PersonRecorded, work: PeopleWork) -> Reason | None:
    for one in person.keys:
        if work.keys.get(one.kid, person.person_id) != person.person_id:
            return Reason.SAME_PERSON
        if one.kid in work.trust.founders or one.kid in work.trust.portals:
            return Reason.SAME_PERSON
        if one.kind == "passkey":
            if one.relying_party is None:
                return Reason.KEY_UNKNOWN
            continue
        try:
            if kid_of(key_of(one.public_key)) != one.kid:
                return Reason.KEY_UNKNOWN
        except ValueError:
            return Reason.KEY_UNKNOWN
    return None


def command_of(heard: Heard[Any], actor: str | None = None, second_actor: str | None = None) -> Command:
    envelope = heard.envelope
    return Command(
        envelope.type, envelope.id, heard.topic, heard.recorded_at, heard.proof, actor, second_actor
    )


PEOPLE_HEARING = Hearing(
    (PEOPLE.name,),
    None,
    PeopleWork,
    on={OrganisationRecorded: record_organisation, PersonRecorded: record_person},
    keeps_versions=True,
)
"""What the chassis adds to what a service hears."""
