"""May this command be believed? Its signature, the person's key, their role: one answer per check, in order.

People, keys and roles stand in tables of each hearer's own database (``people_heard``); one query reads a slice's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from joserfc.jwk import OKPKey

from chassis.signer import By, CheckPasskey, Proof, Signer
from chassis.trust import Trust
from throughline.people import OPERATIONS_ROLES, OrganisationRecorded, PersonRecorded, Role
from throughline.reasons import Reason
from throughline.signed import (
    Signature,
    SignatureAltered,
    SignatureMalformed,
    challenge_of,
    key_of,
    read,
    verify,
)

CLOCK_SKEW = timedelta(seconds=60)
"""How far ahead of the broker's the clock of who signs may be."""

_STANDING = """
select person_id as id, true as is_person, body from chassis.people where person_id = any($1::uuid[])
union all
select organisation_id, false, body from chassis.organisations where organisation_id = any($2::uuid[])
"""
_ANYBODY = "select exists (select from chassis.people)"


class PeopleNotHeard(asyncpg.SerializationError):  # type: ignore[misc]  # asyncpg has no types
    """Commands stand before the topic ``people`` was heard: a new database. They wait; nothing is refused for it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its proof, as its record has it."""

    type: str
    id: UUID
    topic: str
    recorded_at: datetime
    """The broker's time: what expires is decided the same whenever it is decided."""
    proof: Proof | None
    actor: str | None = None
    """Whom the body names; must be who signs."""
    second_actor: str | None = None


@dataclass(slots=True)
class Standing:
    """The people and organisations that a slice's signatures name, as last recorded."""

    people: dict[UUID, PersonRecorded] = field(default_factory=dict)
    organisations: dict[UUID, OrganisationRecorded] = field(default_factory=dict)

    @classmethod
    async def of(cls, db: asyncpg.Connection, proofs: Iterable[Proof | None]) -> Standing:
        """One query for all of them; none where nothing is signed. Raises PeopleNotHeard."""
        said = [one for proof in proofs if proof is not None for one in _signatures(proof)]
        standing = cls()
        if said:
            people, organisations = {one.person_id for one in said}, {one.organisation_id for one in said}
            rows = await db.fetch(_STANDING, sorted(people), sorted(organisations))
            if not rows and not await db.fetchval(_ANYBODY):
                raise PeopleNotHeard("a person commands before anybody was heard of")
            for row in rows:
                standing.put(row["is_person"], row["body"])
        return standing

    def put(self, is_person: bool, body: bytes) -> None:
        if is_person:
            person = PersonRecorded.model_validate_json(body)
            self.people[person.person_id] = person
        else:
            organisation = OrganisationRecorded.model_validate_json(body)
            self.organisations[organisation.organisation_id] = organisation


def _signatures(proof: Proof) -> list[Signature]:
    found = []
    for signature in (proof.signature, proof.second):
        try:
            found += [] if signature is None else [read(signature)]
        except SignatureMalformed:
            continue  # refused when its command is judged
    return found


class Authority:
    """Judges the commands of one slice. ``check_passkey`` is None where nothing here needs a step-up."""

    def __init__(self, standing: Standing, trust: Trust, check_passkey: CheckPasskey | None = None) -> None:
        self.standing = standing
        self.trust = trust
        self.check_passkey = check_passkey

    def signer_of(self, command: Command, by: By) -> Signer | Reason:
        """The person behind a command, or why it must not be carried out."""
        proof = command.proof
        if proof is None or proof.signature is None:
            return Reason.UNSIGNED
        first = self._one(command, proof.value, proof.signature, by)
        if isinstance(first, Reason):
            return first
        if command.actor is not None and command.actor != str(first.person_id):
            return Reason.ACTOR_DIFFERS
        if not (by.two or command.second_actor is not None or proof.second is not None):
            return self._stepped_up(command, proof, first)
        both = self._with_second(command, proof, first, by)
        return both if isinstance(both, Reason) else self._stepped_up(command, proof, both)

    def _one(self, command: Command, value: bytes, signature: bytes, by: By) -> Signer | Reason:
        if command.proof is None or not command.proof.is_timed:
            return Reason.SIGNATURE_EXPIRED  # nobody can say when it was sent
        try:
            said = read(signature)
        except SignatureMalformed:
            return Reason.SIGNATURE_FORM
        if (said.message, said.id, said.topic) != (command.type, command.id, command.topic):
            return Reason.SIGNATURE_ALTERED
        person = self.standing.people.get(said.person_id)
        key = None if person is None else self._key(person, said)
        if person is None or key is None:
            return Reason.KEY_UNKNOWN
        refusal = judge_signature(signature, value, key, command.recorded_at)
        if refusal is not None:
            return refusal
        organisation = self.standing.organisations.get(said.organisation_id)
        if not person.active or organisation is None or not organisation.active:
            return Reason.PERSON_INACTIVE
        role = _role_held(person, organisation, said, by)
        if role is None:
            return Reason.ROLE_MISSING
        payees = frozenset(organisation.payees)
        return Signer(person.person_id, organisation.organisation_id, role, said.method, False, payees)

    def _key(self, person: PersonRecorded, said: Signature) -> OKPKey | None:
        """The person's own key proves no more than itself; a portal's attests how the person signed in."""
        if said.method == "key":
            own = (one for one in person.keys if one.kind == "signing" and one.kid == said.kid)
            return next((key_of(one.public_key) for one in own), None)
        return self.trust.portals.get(said.kid)

    def _with_second(self, command: Command, proof: Proof, first: Signer, by: By) -> Signer | Reason:
        if proof.second is None:
            return Reason.SECOND_PERSON_MISSING
        second = self._one(command, proof.value, proof.second, by)
        if isinstance(second, Reason):
            return second
        if second.person_id == first.person_id:
            return Reason.SAME_PERSON
        if command.second_actor is not None and command.second_actor != str(second.person_id):
            return Reason.ACTOR_DIFFERS
        return replace(first, second_person_id=second.person_id, second_method=second.method)

    def _stepped_up(self, command: Command, proof: Proof, signer: Signer) -> Signer | Reason:
        """An assertion that is there must hold, whether or not it was needed; so must a second signature."""
        if self.check_passkey is not None and proof.step_up is not None:
            keys = [one for one in self.standing.people[signer.person_id].keys if one.kind == "passkey"]
            challenge = challenge_of(command.id, proof.value)
            if not self.check_passkey(proof.step_up, challenge, keys, self.trust.is_sandbox):
                return Reason.STEP_UP_REFUSED
            return replace(signer, stepped_up=True)
        return replace(signer, stepped_up=self.trust.is_sandbox and signer.method in ("totp", "key"))


async def as_it_stands(
    db: asyncpg.Connection, person_id: UUID, organisation_id: UUID, role: Role
) -> Signer | Reason:
    """Who signed before, judged by people, roles and payees as they are now: of what is carried out bit by bit."""
    standing = Standing()
    for row in await db.fetch(_STANDING, [person_id], [organisation_id]):
        standing.put(row["is_person"], row["body"])
    person, organisation = standing.people.get(person_id), standing.organisations.get(organisation_id)
    if person is None or organisation is None or not person.active or not organisation.active:
        return Reason.PERSON_INACTIVE
    if not any(one.role == role and one.organisation_id == organisation_id for one in person.roles):
        return Reason.ROLE_MISSING
    return Signer(person_id, organisation_id, role, "key", False, frozenset(organisation.payees))


def judge_signature(signature: bytes, value: bytes, key: OKPKey, recorded_at: datetime) -> Reason | None:
    """Why the signature does not hold by this key; None where it does."""
    try:
        said = verify(signature, value, key)
    except SignatureMalformed:
        return Reason.SIGNATURE_FORM
    except SignatureAltered:
        return Reason.SIGNATURE_ALTERED
    if not said.signed_at - CLOCK_SKEW <= recorded_at <= said.expires_at:
        return Reason.SIGNATURE_EXPIRED
    return None


def _role_held(
    person: PersonRecorded, organisation: OrganisationRecorded, said: Signature, by: By
) -> Role | None:
    """A role of operations counts only in an operations organisation, and no other role counts there."""
    fits = (said.role in OPERATIONS_ROLES) == (organisation.kind == "operations")
    for held in person.roles:
        named = held.role == said.role and held.organisation_id == organisation.organisation_id
        if named and fits and held.role in by.roles:
            return held.role
    return None


def actor_of(message: Any) -> str | None:
    """Whom a command's body names as the one who commands."""
    for name in ("actor", "requested_by", "confirmed_by"):
        named = getattr(message, name, None)
        if named is not None:
            return str(named)
    return None
