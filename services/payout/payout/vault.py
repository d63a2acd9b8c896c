"""The vault: the only place that turns an account into ciphertext and back.

A stored account is `version || key id || nonce || AES-256-GCM`, with the payee and the account's token as associated
data, so that a ciphertext moved to another row does not open. Equality is told by a keyed fingerprint. Keys are files
in the stack's keys directory (0600): `account-encryption.key` and `account-fingerprint.key` (32 bytes in hexadecimal),
`sealing.jwk` (X25519, private), whose public half is what enrolment systems seal accounts to.
"""

import base64
import hashlib
import hmac
import json
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from throughline.identifiers import routing_is_valid
from throughline.sealed import SealBroken, open_account

_VERSION = 1
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_BULLETS = "••••"

SEAL_KEY_FILE = "sealing.jwk"
_CURRENT_KEY_FILE = "account-encryption.key"
_FINGERPRINT_FILE = "account-fingerprint.key"


class KeyMissing(Exception):
    """A key that stored data needs is not there, or its file is readable by others. The service must not start."""


class VaultRefused(Exception):
    """A ciphertext does not open under its payee and token: it was changed or moved. Carries no content."""


@dataclass(frozen=True, slots=True)
class Account:
    """An opened account. Shows nothing of itself."""

    routing: str
    number: str
    kind: Literal["checking", "savings"]

    def __repr__(self) -> str:
        return "Account(<sensitive>)"


def mask(number: str) -> str:
    """For people: bullets and the last four, and no digit at all of a number of six characters or fewer."""
    return _BULLETS + number[-4:] if len(number) > 6 else _BULLETS


def account_token(payee_id: UUID, command_id: UUID) -> str:
    """The name of one enrolment of one payee: `ba_` and 26 characters. Says nothing of the account itself, and a
    command heard again names the same token."""
    digest = hashlib.sha256(f"account-token\x1f{payee_id}\x1f{command_id}".encode()).digest()
    return "ba_" + base64.b32encode(digest).decode().lower()[:26]


def is_well_formed(account: Account) -> bool:
    """Whether an account could stand in a bank file: routing number valid, number of 1 to 17 plain characters."""
    number = account.number
    return (
        routing_is_valid(account.routing)
        and 1 <= len(number) <= 17
        and number.isascii()
        and number.isalnum()
        and account.kind in ("checking", "savings")
    )


class Vault:
    """Seals accounts for storage, opens them for the bank file, and compares them without opening."""

    def __init__(
        self, keys: dict[str, bytes], current: str, fingerprint_key: bytes, seal_key: OKPKey
    ) -> None:
        if current not in keys:
            raise KeyMissing(f"the current vault key {current} is absent")
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current
        self._fingerprint_key = fingerprint_key
        self._seal_key = seal_key

    @property
    def key_ids(self) -> frozenset[str]:
        """Ids of the keys at hand; start fails where a stored account names another."""
        return frozenset(self._keys)

    def open_sealed(self, sealed: str, *, payee_id: UUID, speaker: str) -> Account:
        """Opens what crossed the wire. Raises SealBroken where it was sealed for another payee, speaker or key, or does
        not hold an account."""
        opened = open_account(sealed, payee_id=payee_id, speaker=speaker, private_key=self._seal_key)
        if opened.kind == "checking":
            return Account(opened.routing, opened.account, "checking")
        if opened.kind == "savings":
            return Account(opened.routing, opened.account, "savings")
        raise SealBroken("the seal does not hold an account")

    def encrypt(self, account: Account, *, payee_id: UUID, token: str) -> bytes:
        """The stored form. Lengths stand before the parts: no separator can be smuggled into a field."""
        parts = (account.routing, account.number, account.kind)
        plain = b"".join(len(part.encode()).to_bytes(1, "big") + part.encode() for part in parts)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._keys[self._current].encrypt(nonce, plain, _associated(payee_id, token))
        return bytes([_VERSION]) + self._current.encode() + nonce + cipher

    def decrypt(self, stored: bytes, *, payee_id: UUID, token: str) -> Account:
        """Opens a stored account for a bank file. Raises VaultRefused, or KeyMissing for a key that is not here."""
        if len(stored) < 1 + _KEY_ID_BYTES + _NONCE_BYTES + 16 or stored[0] != _VERSION:
            raise VaultRefused("not a stored account")
        key = self._keys.get(key_id_of(stored))
        if key is None:
            raise KeyMissing("the key of a stored account is absent")
        start = 1 + _KEY_ID_BYTES
        nonce, cipher = stored[start : start + _NONCE_BYTES], stored[start + _NONCE_BYTES :]
        try:
            plain = key.decrypt(nonce, cipher, _associated(payee_id, token))
        except InvalidTag:
            raise VaultRefused("a stored account does not open for its payee and token") from None
        parts, at = [], 0
        while at < len(plain):
            size = plain[at]
            parts.append(plain[at + 1 : at + 1 + size].decode())
            at += 1 + size
        routing, number, kind = parts
        return Account(routing, number, "savings" if kind == "savings" else "checking")

    def fingerprint(self, account: Account) -> bytes:
        """Equal for equal accounts, under a key: for change detection, never to guess a number from."""
        said = f"{account.routing}\x1f{account.number}\x1f{account.kind}".encode()
        return hmac.digest(self._fingerprint_key, said, "sha256")


def key_id_of(stored: bytes) -> str:
    """The id of the key that a stored account was encrypted under."""
    return stored[1 : 1 + _KEY_ID_BYTES].decode("ascii", "replace")


def _associated(payee_id: UUID, token: str) -> bytes:
    return b"bank_account|v1|" + str(payee_id).encode() + b"|" + token.encode()


def load_vault(keys_dir: Path) -> Vault:
    """The vault of a stack, from its keys directory. Raises KeyMissing: without its keys the service must not start.

    To rotate: rename `account-encryption.key` to `account-encryption-<anything>.key` and put a new one in its place.
    The newest encrypts, all decrypt.
    """
    current = _key(keys_dir / _CURRENT_KEY_FILE)
    retired = [_key(file) for file in sorted(keys_dir.glob("account-encryption-*.key"))]
    keys = {_key_id(key): key for key in (current, *retired)}
    try:
        seal = OKPKey.import_key(json.loads(_read(keys_dir / SEAL_KEY_FILE)))
    except (ValueError, JoseError):
        raise KeyMissing(f"{SEAL_KEY_FILE} is not a private X25519 key") from None
    return Vault(keys, _key_id(current), _key(keys_dir / _FINGERPRINT_FILE), seal)


def _key_id(key: bytes) -> str:
    """Which key, without a name that somebody could forget to change: the start of its hash."""
    return hashlib.sha256(b"vault-key-id" + key).hexdigest()[:_KEY_ID_BYTES]


def _key(file: Path) -> bytes:
    try:
        key = bytes.fromhex(_read(file).decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyMissing(f"{file.name} must hold 32 bytes as 64 hexadecimal digits")
    return key


def _read(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise KeyMissing(f"{file.name} is absent from {file.parent}") from None
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyMissing(f"{file.name} may be read by others; its mode must be 0600")
    return content
