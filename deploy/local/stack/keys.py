"""The keys of a sandbox stack: generated once, 0600, in the stack's directory; never in git and never in an image."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from joserfc.jwk import OKPKey

SEALING_KEY = "sealing.jwk"
PUBLIC_SEALING_KEY = "sealing-public.jwk"
FEED_TOKEN = "feed.token"
"""Opens audit's feed of whole records to the portal, which counts its figures again from it."""


def ensure_keys(folder: Path) -> list[str]:
    """Makes the keys that are missing; answers their file names."""
    made = _ensure(folder, _MAKERS)
    _publish_sealing_key(folder)
    return made


def _ensure(folder: Path, makers: dict[str, Callable[[], bytes]]) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = []
    for name, make in makers.items():
        path = folder / name
        if path.exists():
            continue
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(make())
        made.append(name)
    return made


def ensure_portal_keys(folder: Path, keys: Path) -> list[str]:
    """Makes the portal's own keys where missing, in a folder that no other service is given; answers their names.

    Beside them lies a copy of the public key in ``keys`` to which accounts are sealed.
    """
    made = _ensure(folder, _PORTAL_MAKERS)
    public = folder / PUBLIC_SEALING_KEY
    if not public.exists():
        public.touch(mode=0o600)
        public.write_bytes((keys / PUBLIC_SEALING_KEY).read_bytes())
    return made


def ensure_intake_keys(folder: Path) -> list[str]:
    """Makes the key that intake stores attachments under, in a folder of its own; marked, so that live refuses it."""
    return _ensure(folder, _INTAKE_MAKERS)


def _publish_sealing_key(folder: Path) -> None:
    key = OKPKey.import_key(json.loads((folder / SEALING_KEY).read_text()))
    path = folder / PUBLIC_SEALING_KEY
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps(key.as_dict(private=False)) + "\n")


def _random_key() -> bytes:
    return secrets.token_bytes(32).hex().encode() + b"\n"


def _sealing_key() -> bytes:
    key = OKPKey.generate_key("X25519", {"kid": f"seal-{secrets.token_hex(4)}", "use": "enc"})
    return json.dumps(key.as_dict(private=True)).encode() + b"\n"


def _signing_key() -> bytes:
    key = OKPKey.generate_key("Ed25519", {"kid": f"portal-{secrets.token_hex(4)}", "use": "sig"})
    return json.dumps(key.as_dict(private=True)).encode() + b"\n"


_MAKERS: dict[str, Callable[[], bytes]] = {
    "account-encryption.key": _random_key,
    "account-fingerprint.key": _random_key,
    SEALING_KEY: _sealing_key,
}
"""File name in the keys folder, and what makes its content. A file that exists is never written again."""

_INTAKE_MAKERS: dict[str, Callable[[], bytes]] = {
    "attachment-encryption.key": lambda: _random_key().strip() + b" generated\n",
}

PORTAL_SIGNING_KEY = "signing.jwk"
_PORTAL_MAKERS: dict[str, Callable[[], bytes]] = {
    PORTAL_SIGNING_KEY: _signing_key,
    "storage.key": _random_key,
    "intake.key": _random_key,
    FEED_TOKEN: _random_key,
}
