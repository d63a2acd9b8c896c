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
        write_secret(path, json.dumps(known))
    return known[role]


def write_secret(path: Path, content: str) -> None:
    """Replaces the file in one step; nobody but its owner can read it at any moment."""
    scratch = path.with_suffix(".new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(content)
    os.replace(scratch, path)
