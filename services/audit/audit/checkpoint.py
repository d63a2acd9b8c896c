"""A root as a checkpoint that others can keep: a C2SP tlog-checkpoint, signed as a C2SP signed-note where a key is set.

Whoever keeps one holds the log to it: a later log must begin with that tree. The signature says whose log it was.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from audit.repository import TreeHead

ORIGIN = "throughline/audit"
"""Names the log on the first line, and its key in the signature."""
_ED25519 = b"\x01"


class Signer:
    """Signs checkpoints with an Ed25519 key (PEM, PKCS 8)."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._id = key_id(key.public_key())

    @classmethod
    def from_file(cls, path: Path) -> Signer:
        """Raises ValueError where the file holds another kind of key."""
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} does not hold an Ed25519 key")
        return cls(key)

    def signature_line(self, note: str) -> str:
        signature = base64.b64encode(self._id + self._key.sign(note.encode())).decode("ascii")
        return f"\N{EM DASH} {ORIGIN} {signature}\n"

    def verifier_key(self) -> str:
        """The public half, as signed-note writes it: name, key id, algorithm and key."""
        public = base64.b64encode(_ED25519 + self._key.public_key().public_bytes_raw()).decode("ascii")
        return f"{ORIGIN}+{self._id.hex()}+{public}"


def key_id(key: Ed25519PublicKey) -> bytes:
    """The first four bytes of SHA-256(name, newline, algorithm, public key), as signed-note defines it."""
    return hashlib.sha256(ORIGIN.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]


def checkpoint(head: TreeHead, signer: Signer | None) -> str:
    """Origin, size and root, a line each; then, where there is a key, an empty line and the signature."""
    note = f"{ORIGIN}\n{head.size}\n{base64.b64encode(head.root).decode('ascii')}\n"
    return note if signer is None else f"{note}\n{signer.signature_line(note)}"
