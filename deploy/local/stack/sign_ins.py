"""How the sandbox's people sign in to the portal: logins, one password and TOTP secrets, made once, 0600."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from stack.secrets_file import write_secret

FILE = "sandbox-people.json"
"""In the portal's own folder of keys."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One person's way in. ``code`` changes every 30 seconds, and each counts once."""

    login: str
    name: str
    password: str
    totp_secret: str

    def code(self, at: datetime | None = None) -> str:
        import pyotp  # not in the image that prepares a stack

        return pyotp.TOTP(self.totp_secret).at(at or datetime.now(UTC))


def ensure_sign_ins(
    folder: Path, people: Mapping[str, tuple[UUID, str]], organisations: Mapping[UUID, str]
) -> None:
    """Makes what is missing for these people: by login their person id and name."""
    file = folder / FILE
    found: dict[str, Any] = (
        json.loads(file.read_text())
        if file.exists()
        else {"password": secrets.token_urlsafe(12), "people": []}
    )
    known = {one["login"] for one in found["people"]}
    for login, (person_id, name) in people.items():
        if login not in known:
            secret = base64.b32encode(secrets.token_bytes(20)).decode()
            found["people"].append(
                {"person_id": str(person_id), "login": login, "name": name, "totp_secret": secret}
            )
    found["organisations"] = {str(identity): name for identity, name in organisations.items()}
    write_secret(file, json.dumps(found, indent=2) + "\n")


def read_sign_ins(folder: Path) -> list[SignIn]:
    """Everybody's, as the stack made them; none where this stack has none."""
    file = folder / FILE
    if not file.exists():
        return []
    found = json.loads(file.read_text())
    return [
        SignIn(one["login"], one["name"], found["password"], one["totp_secret"]) for one in found["people"]
    ]
