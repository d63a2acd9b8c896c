"""The keys of a sandbox stack: generated once, 0600, in the stack's directory; never in git and never in an image."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from joserfc.jwk import OKPKey

MAKERS: dict[str, Callable[[], bytes]] = {}
"""File name in the keys folder, and what makes its content. A file that exists is never written again."""


def ensure_keys(folder: Path) -> list[str]:
    """Makes the keys that are missing; answers their file names."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    for name, make in MAKERS.items():
        path = folder / name
        if path.exists():
            continue
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(make())
        made.append(name)
    return made


def _random_key() -> bytes:
    return secrets.token_bytes(32).hex().encode() + b"\n"


def _sealing_key() -> bytes:
    key = OKPKey.generate_key("X25519", {"kid": f"seal-{secrets.token_hex(4)}", "use": "enc"})
    return json.dumps(key.as_dict(private=True)).encode() + b"\n"


MAKERS["account-encryption.key"] = _random_key
MAKERS["account-fingerprint.key"] = _random_key
MAKERS["sealing.jwk"] = _sealing_key
