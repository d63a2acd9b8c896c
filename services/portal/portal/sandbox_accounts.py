"""The accounts of a sandbox's invented people, from the file that the stack makes. A live portal never reads it."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from portal.local_accounts import hash_password
from portal.read_model.sealed_content import ContentKey
from portal.tenancy import Scope, Sees, enter

FILE = "sandbox-people.json"


class SandboxPerson(BaseModel):
    """One who can sign in. Who they may act for is said on the topic ``people``."""

    person_id: UUID
    login: str
    name: str
    totp_secret: str


class SandboxPeople(BaseModel):
    """Everybody of the sandbox, one password for all, and what their organisations are called."""

    password: str
    people: list[SandboxPerson]
    organisations: dict[UUID, str]


_PUT = """
insert into accounts (person_id, login, display_name, password_hash, totp_sealed, user_handle)
values ($1, $2, $3, $4, $5, $6) on conflict (login) do nothing
"""


async def ensure_sandbox_accounts(folder: Path, pool: asyncpg.Pool, key: ContentKey) -> None:
    """Makes the accounts that are missing; what a person changed stays."""
    file = folder / FILE
    if not file.exists():
        return
    found = SandboxPeople.model_validate(json.loads(file.read_text("utf-8")))
    async with pool.acquire() as db, db.transaction():
        await enter(db, Scope(Sees.SIGN_IN))
        known = {row[0] for row in await db.fetch("select login from accounts")}
        missing = [person for person in found.people if person.login not in known]
        hashed = hash_password(found.password) if missing else ""
        for person in missing:
            secret = key.seal(person.totp_secret.encode(), "accounts", person.person_id)
            identity = person.person_id
            await db.execute(_PUT, identity, person.login, person.name, hashed, secret, identity.bytes)
        for organisation_id, name in found.organisations.items():
            await db.execute(
                "insert into organisation_names values ($1, $2) on conflict (organisation_id) do nothing",
                organisation_id,
                name,
            )
