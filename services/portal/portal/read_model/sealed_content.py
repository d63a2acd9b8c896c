"""What names a person, as the portal keeps it: encrypted under the portal's own key, bound to the row it stands in.

A stored value is ``version || nonce || AES-256-GCM`` with the table and key of its row as associated data, so that a
ciphertext moved to another row does not open. The key is ``storage.key`` in the portal's secrets directory.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE_BYTES = 12


class DoesNotOpen(ValueError):
    """The content was changed, moved to another row, or sealed under another key. Carries nothing of it."""


class ContentKey:
    """Seals and opens. Never printed."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the storage key must have 32 bytes")
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "ContentKey(<sensitive>)"

    def seal(self, content: bytes, *about: object) -> bytes:
        """``about`` names the row: table and key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, content, _associated(about))

    def open(self, stored: bytes, *about: object) -> bytes:
        """Raises DoesNotOpen."""
        if stored[:1] != _VERSION:
            raise DoesNotOpen("not sealed content of a known form")
        nonce, cipher = stored[1 : 1 + _NONCE_BYTES], stored[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, cipher, _associated(about))
        except InvalidTag:
            raise DoesNotOpen("sealed content does not open for its row") from None


def _associated(about: tuple[object, ...]) -> bytes:
    return "\x1f".join(("portal", *(str(part) for part in about))).encode()
