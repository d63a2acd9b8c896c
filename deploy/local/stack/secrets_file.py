"""The passwords of a stack's database roles: made once, kept 0600 in the stack's directory."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path


def role_password(directory: Path, role: str) -> str:
    """The password of a database role (`postgres` is the administrator), made at first use."""
    path = directory / "passwords.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if role not in known:
        known[role] = secrets.token_urlsafe(24)
        scratch = path.with_suffix(".new")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(known, out)
        os.replace(scratch, path)
    return known[role]
