"""The people of a sandbox: founders, operators and one or two in each role, with their key files (0600) in the stack.

Their keys are made once. Whoever judges commands is given only the public half of the founders' and the portal's keys.
Every start says who they are on the topic ``people``, signed by two who may; what is known already changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from confluent_kafka import KafkaException, Producer
from joserfc.jwk import OKPKey

from stack.errors import StackError
from stack.secrets_file import write_secret
from throughline.envelope import Envelope
from throughline.flow import PEOPLE
from throughline.people import OrganisationRecorded, PersonKey, PersonRecorded, Role, RoleHeld
from throughline.signed import (
    SECOND_SIGNATURE,
    SIGNATURE,
    key_of,
    kid_of,
    new_signing_key,
    public_part,
    sign,
)

FOUNDERS = ("founder-1", "founder-2")
CAST: dict[str, tuple[Role, ...]] = {
    **dict.fromkeys(FOUNDERS, ("operator",)),
    "operator-1": ("operator",),
    "operator-2": ("operator",),
    "operator-3": ("operator",),
    "reviewer-1": ("reviewer",),
    "reviewer-2": ("reviewer",),
    "releaser-1": ("releaser",),
    "releaser-2": ("releaser",),
    "approver-1": ("account_approver",),
    "approver-2": ("account_approver",),
    "auditor-1": ("auditor",),
}
"""Who there is in every sandbox, all of one operations organisation. Founders are not recorded: their keys found."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A person with their own key, as a file holds them."""

    person_id: UUID
    organisation_id: UUID
    roles: tuple[Role, ...]
    key: OKPKey

    @property
    def name(self) -> str:
        """As commands name who gives them."""
        return str(self.person_id)

    @property
    def public(self) -> PersonKey:
        return PersonKey(kid=kid_of(self.key), kind="signing", public_key=public_part(self.key))


def write_key_file(path: Path, person: KeyFile) -> None:
    """0600. A file that exists is replaced."""
    content = {
        "person_id": str(person.person_id),
        "organisation_id": str(person.organisation_id),
        "roles": list(person.roles),
        "key": person.key.as_dict(private=True),
    }
    write_secret(path, json.dumps(content, indent=2) + "\n")


def read_key_file(path: Path) -> KeyFile:
    """Raises StackError."""
    try:
        found = json.loads(path.read_text())
        roles = tuple(found["roles"])
        return KeyFile(
            UUID(found["person_id"]), UUID(found["organisation_id"]), roles, OKPKey.import_key(found["key"])
        )
    except OSError:
        raise StackError(f"There is no person's key file {path}.") from None
    except (ValueError, KeyError, TypeError):
        raise StackError(f"{path} does not hold a person and their key.") from None


def ensure_people(folder: Path, trust: Path, portal_key: Path) -> None:
    """Makes the key files that are missing, and writes whose public keys are trusted from the start."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    there = [path for name in CAST if (path := folder / f"{name}.json").exists()]
    organisation_id = read_key_file(there[0]).organisation_id if there else uuid4()
    for name, roles in CAST.items():
        path = folder / f"{name}.json"
        if not path.exists():
            write_key_file(path, KeyFile(uuid4(), organisation_id, roles, new_signing_key()))
    founders = [read_key_file(folder / f"{name}.json") for name in FOUNDERS]
    portal = OKPKey.import_key(json.loads(portal_key.read_text()))
    trust.parent.mkdir(parents=True, exist_ok=True)
    write_secret(trust, founders_of(founders, [portal]))


def founders_of(founders: Sequence[KeyFile], portals: Sequence[OKPKey]) -> str:
    """The content of the file that PEOPLE_FOUNDERS names: public halves only."""
    listed = {
        "founders": [
            {"person_id": one.name, "kid": one.public.kid, "public_key": one.public.public_key}
            for one in founders
        ],
        "portals": [
            {"kid": kid_of(key_of(public_part(one))), "public_key": public_part(one)} for one in portals
        ],
    }
    return json.dumps(listed, indent=2) + "\n"


def record_people(bootstrap: str, folder: Path) -> None:
    """Says the cast on the topic ``people``: founders for the first two operators, those two for everybody else."""
    cast = {name: read_key_file(folder / f"{name}.json") for name in CAST}
    operations = OrganisationRecorded(
        organisation_id=cast[FOUNDERS[0]].organisation_id, version=1, kind="operations"
    )
    first, second = (cast[name] for name in FOUNDERS)
    one, two = cast["operator-1"], cast["operator-2"]
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "log_level": 0,
            "partitioner": "consistent_random",
        }
    )
    say_person(producer, operations, str(operations.organisation_id), first, second)
    for name, person in cast.items():
        if name in FOUNDERS:
            continue
        by = (first, second) if person in (one, two) else (one, two)
        say_person(producer, recorded(person), person.name, *by)
    if producer.flush(30):
        raise StackError(f"Kafka at {bootstrap} did not take the sandbox's people.")


def recorded(person: KeyFile, version: int = 1) -> PersonRecorded:
    held = tuple(RoleHeld(role=role, organisation_id=person.organisation_id) for role in person.roles)
    return PersonRecorded(person_id=person.person_id, version=version, roles=held, keys=(person.public,))


def say_person(
    producer: Producer,
    message: PersonRecorded | OrganisationRecorded,
    key: str,
    proposer: KeyFile,
    approver: KeyFile,
) -> None:
    """One record, signed by both. Raises StackError where Kafka refuses it at once."""
    envelope = Envelope.of(message, id=uuid4(), source="cli", key=key, time=datetime.now(UTC))
    value = message.model_dump_json(exclude_none=True).encode()
    headers: list[tuple[str, str | bytes | None]] = [
        *envelope.headers(),
        (SIGNATURE, signature(proposer, envelope, PEOPLE.name, value, "operator")),
        (SECOND_SIGNATURE, signature(approver, envelope, PEOPLE.name, value, "operator")),
    ]
    try:
        producer.produce(PEOPLE.name, value=value, key=key.encode(), headers=headers)
    except KafkaException as error:
        raise StackError(f"Kafka refused a record of people: {error}.") from None


def signature(person: KeyFile, envelope: Envelope, topic: str, value: bytes, role: str) -> bytes:
    """The person's own signature over a record's value, now."""
    return sign(
        value,
        key=person.key,
        message=envelope.type,
        id=envelope.id,
        topic=topic,
        person_id=person.person_id,
        organisation_id=person.organisation_id,
        role=role,
        method="key",
        at=datetime.now(UTC),
    ).encode()
