"""For tests: people with keys and passkeys, known to a database, whose commands are signed as the real ones are.

await know(pool, OPERATIONS, ann := an("reviewer"))
await testing.deliver(service, context, [signed_by(ann, testing.heard(command, topic="reviews"))])
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import OKPKey

from chassis.heard import Heard
from chassis.signer import Proof
from throughline.commanding import COSIGNED, MAY_GIVE
from throughline.message import Message
from throughline.people import (
    OPERATIONS_ROLES,
    OrganisationRecorded,
    PersonKey,
    PersonRecorded,
    RelyingParty,
    Role,
    RoleHeld,
)
from throughline.signed import Method, challenge_of, kid_of, new_signing_key, public_part, sign

M = TypeVar("M", bound=Message)

LOCALHOST = RelyingParty(id="localhost", origin="http://localhost:19480")
OPERATIONS = OrganisationRecorded(organisation_id=uuid4(), version=1, kind="operations")


def _base64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass(slots=True)
class SoftPasskey:
    """An authenticator in software: one P-256 credential."""

    relying_party: RelyingParty = LOCALHOST
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = field(default_factory=lambda: _base64(uuid4().bytes))

    def public(self) -> PersonKey:
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return PersonKey(
            kid=self.kid,
            kind="passkey",
            public_key=_base64(cbor2.dumps(cose)),
            relying_party=self.relying_party,
        )

    def answer(
        self,
        challenge: bytes,
        *,
        rp_id: str | None = None,
        origin: str | None = None,
        is_verified: bool = True,
    ) -> bytes:
        """The assertion over a challenge, as a browser would send it."""
        client = json.dumps(
            {
                "type": "webauthn.get",
                "challenge": _base64(challenge),
                "origin": origin or self.relying_party.origin,
            }
        ).encode()
        flags = b"\x05" if is_verified else b"\x01"
        data = sha256((rp_id or self.relying_party.id).encode()).digest() + flags + (1).to_bytes(4, "big")
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "authenticatorData": _base64(data),
            "clientDataJSON": _base64(client),
            "signature": _base64(signature),
        }
        return json.dumps(
            {
                "id": self.kid,
                "rawId": self.kid,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        ).encode()


@dataclass(slots=True)
class Actor:
    """A person in one role, with their own signing key and a passkey."""

    role: Role
    organisation_id: UUID = OPERATIONS.organisation_id
    person_id: UUID = field(default_factory=uuid4)
    key: OKPKey = field(default_factory=new_signing_key)
    passkey: SoftPasskey = field(default_factory=SoftPasskey)

    @property
    def name(self) -> str:
        """As bodies of commands name them."""
        return str(self.person_id)

    def record(self, version: int = 1, **changed: Any) -> PersonRecorded:
        own = PersonKey(kid=kid_of(self.key), kind="signing", public_key=public_part(self.key))
        return PersonRecorded(
            person_id=self.person_id,
            version=version,
            roles=(RoleHeld(role=self.role, organisation_id=self.organisation_id),),
            keys=(own, self.passkey.public()),
        ).model_copy(update=changed)

    def sign(
        self,
        value: bytes,
        *,
        message: str,
        id: UUID,
        topic: str,
        at: datetime,
        key: OKPKey | None = None,
        role: str | None = None,
        method: Method = "key",
    ) -> bytes:
        return sign(
            value,
            key=key or self.key,
            message=message,
            id=id,
            topic=topic,
            person_id=self.person_id,
            organisation_id=self.organisation_id,
            role=role or self.role,
            method=method,
            at=at,
        ).encode()


def an(role: Role, organisation: OrganisationRecorded = OPERATIONS) -> Actor:
    return Actor(role, organisation.organisation_id)


async def know(
    db: asyncpg.Connection | asyncpg.Pool, *known: Actor | OrganisationRecorded | PersonRecorded
) -> None:
    """Put them into the database as if two operators had signed for them."""
    for one in known:
        message = one.record() if isinstance(one, Actor) else one
        body = message.model_dump_json().encode()
        if isinstance(message, PersonRecorded):
            await db.execute(
                "insert into chassis.people values ($1, $2, $3) on conflict (person_id) do update set body = $3",
                message.person_id,
                message.version,
                body,
            )
        else:
            await db.execute(
                "insert into chassis.organisations values ($1, $2, $3) "
                "on conflict (organisation_id) do update set body = $3",
                message.organisation_id,
                message.version,
                body,
            )


def signed_by(
    actor: Actor, heard: Heard[M], *, second: Actor | None = None, stepping_up: bool = False, **how: Any
) -> Heard[M]:
    """The command with its proof, signed at the moment of its record; ``how`` as ``Actor.sign``."""
    value = heard.message.model_dump_json().encode()
    envelope = heard.envelope
    said: dict[str, Any] = {
        "message": envelope.type,
        "id": envelope.id,
        "topic": heard.topic,
        "at": heard.recorded_at,
    }
    first = actor.sign(value, **{**said, **how})
    other = None if second is None else second.sign(value, **said)
    assertion = actor.passkey.answer(challenge_of(envelope.id, value)) if stepping_up else None
    return replace(heard, proof=Proof(value, first, other, assertion))


_called: dict[str, Actor] = {}


def called(name: str, role: Role = "operator") -> Actor:
    """The person whom tests call so, the same for a whole run, in one of the roles of operations: they hold all."""
    actor = _called.setdefault(name.strip().casefold(), Actor(role))
    return replace(actor, role=role)


async def signed_as_named(db: asyncpg.Connection, topic: str, run: Sequence[Heard[Any]]) -> list[Heard[Any]]:
    """Commands that came without a proof, signed by the people whom their bodies name; others as they are."""
    made = [one if one.proof is not None else _signed_as_named(one, topic) for one in run]
    people = [one.person_id for one in _called.values()]
    known = await db.fetchval("select count(*) from chassis.people where person_id = any($1)", people)
    if known == len(people):
        return made
    everything = tuple(
        RoleHeld(role=role, organisation_id=OPERATIONS.organisation_id) for role in sorted(OPERATIONS_ROLES)
    )
    await know(db, OPERATIONS, *[one.record(roles=everything) for one in _called.values()])
    return made


def _signed_as_named(heard: Heard[Any], topic: str) -> Heard[Any]:
    message = heard.message
    role = sorted(MAY_GIVE[type(message)] & OPERATIONS_ROLES)[0]
    fields = type(message).model_fields
    names = {name: getattr(message, name) for name in _NAMED if name in fields}
    people = {name: called(value, role) for name, value in names.items() if value is not None}
    beside = called("somebody else", role) if type(message) in COSIGNED else None
    second = people.get("second_actor", beside)
    first = next((one for name, one in people.items() if name != "second_actor"), called("somebody", role))
    told = message.model_copy(update={name: one.name for name, one in people.items()})
    return signed_by(first, replace(heard, message=told, topic=heard.topic or topic), second=second)


_NAMED = ("actor", "requested_by", "confirmed_by", "second_actor")
