"""The sandbox's biller and provider administrator: their organisations, and the payees that they act for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

from confluent_kafka import Producer

from stack.errors import StackError
from stack.people import (
    CAST,
    FOUNDERS,
    KeyFile,
    read_key_file,
    recorded,
    say_person,
    write_key_file,
)
from stack.sign_ins import ensure_sign_ins
from throughline.people import OrganisationRecorded, Role
from throughline.signed import new_signing_key

Kind = Literal["biller", "provider"]
BILLER, PROVIDER = "biller-1", "provider-1"
CAST_OF_PROVIDERS: dict[str, tuple[Role, Kind, str]] = {
    BILLER: ("biller", "biller", "Harbor Billing"),
    PROVIDER: ("provider_admin", "provider", "Cedar Street Clinic"),
}
"""By login: role, kind and name of the organisation. One biller acts for many payees."""
OPERATIONS_NAME = "Throughline Operations"


def ensure_provider_people(folder: Path, portal_keys: Path) -> None:
    """Makes their key files, and how everybody of the sandbox signs in to the portal, where missing."""
    for login, (role, _, _) in CAST_OF_PROVIDERS.items():
        path = folder / f"{login}.json"
        if not path.exists():
            write_key_file(path, KeyFile(uuid4(), uuid4(), (role,), new_signing_key()))
    logins = [login for login in (*CAST, *CAST_OF_PROVIDERS) if login not in FOUNDERS]
    known = {login: read_key_file(folder / f"{login}.json") for login in logins}
    names: dict[UUID, str] = {person.organisation_id: OPERATIONS_NAME for person in known.values()}
    names |= {known[login].organisation_id: of[2] for login, of in CAST_OF_PROVIDERS.items()}
    people = {
        login: (person.person_id, login.replace("-", " ").capitalize()) for login, person in known.items()
    }
    ensure_sign_ins(portal_keys, people, names)


def record_provider_people(bootstrap: str, folder: Path) -> None:
    """Says them on the topic ``people``, signed by the first two operators; they act for nobody yet."""
    with _speaking(bootstrap) as producer:
        for login in CAST_OF_PROVIDERS:
            person = read_key_file(folder / f"{login}.json")
            _say_organisation(producer, folder, login, person, version=1, payees=())
            say_person(producer, recorded(person), person.name, *_operators(folder))


def act_for(bootstrap: str, folder: Path, login: str, payees: Iterable[UUID]) -> None:
    """The organisation of this login acts for these payees from now on, and for no others.

    Nothing happens in a stack whose sandbox has no such person. Raises StackError where Kafka does not take it.
    """
    path = folder / f"{login}.json"
    if not path.exists():
        return
    with _speaking(bootstrap) as producer:
        # Later is higher: whoever says it last is right, however often the stack was started between.
        version = int(datetime.now(UTC).timestamp())
        _say_organisation(producer, folder, login, read_key_file(path), version=version, payees=tuple(payees))


def _say_organisation(
    producer: Producer, folder: Path, login: str, person: KeyFile, *, version: int, payees: tuple[UUID, ...]
) -> None:
    _, kind, _ = CAST_OF_PROVIDERS[login]
    organisation = OrganisationRecorded(
        organisation_id=person.organisation_id, version=version, kind=kind, payees=payees
    )
    say_person(producer, organisation, str(person.organisation_id), *_operators(folder))


def _operators(folder: Path) -> tuple[KeyFile, KeyFile]:
    return read_key_file(folder / "operator-1.json"), read_key_file(folder / "operator-2.json")


@contextmanager
def _speaking(bootstrap: str) -> Iterator[Producer]:
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "log_level": 0,
            "partitioner": "consistent_random",
        }
    )
    yield producer
    if producer.flush(30):
        raise StackError(f"Kafka at {bootstrap} did not take the sandbox's people.")
