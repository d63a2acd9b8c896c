"""A bank account sealed for payout: a compact JWE that only payout opens, bound to the payee and to who speaks.

ECDH-ES+A256KW with A256GCM (RFC 7518, RFC 8037 X25519). The payee and the speaker stand in the protected header, which
is the cipher's associated data: a sealed account cannot be used under another name. Needs ``throughline[seal]``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

_ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]
_REGISTRY = jwe.JWERegistry(algorithms=_ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where money goes. Never printed."""

    routing: str
    account: str
    kind: str
    """``checking`` or ``savings``."""

    def __repr__(self) -> str:
        return "BankAccount(<sensitive>)"


class SealBroken(ValueError):
    """The seal does not open, or was made for another payee or speaker."""


def new_key() -> OKPKey:
    """A fresh private key of payout's; its id is the key's thumbprint."""
    return OKPKey.generate_key("X25519", {"use": "enc"}, auto_kid=True)


def seal_account(account: BankAccount, *, payee_id: UUID, speaker: str, public_key: OKPKey) -> str:
    """The account as a compact JWE for payout's public key."""
    header = {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": public_key.thumbprint(),
        "payee": str(payee_id),
        "speaker": speaker,
    }
    body = json.dumps({"routing": account.routing, "account": account.account, "kind": account.kind})
    return jwe.encrypt_compact(header, body.encode(), public_key, registry=_REGISTRY)


def open_account(sealed: str, *, payee_id: UUID, speaker: str, private_key: OKPKey) -> BankAccount:
    """Raises SealBroken, which never carries the content."""
    try:
        opened = jwe.decrypt_compact(sealed, private_key, registry=_REGISTRY)
        header = opened.protected
        if header.get("payee") != str(payee_id) or header.get("speaker") != speaker:
            raise SealBroken("sealed for another payee or speaker")
        body = json.loads(opened.plaintext or b"")
        account = BankAccount(routing=body["routing"], account=body["account"], kind=body["kind"])
    except SealBroken:
        raise
    except (JoseError, ValueError, KeyError, TypeError):
        raise SealBroken("the seal does not open") from None
    if not all(isinstance(part, str) for part in (account.routing, account.account, account.kind)):
        raise SealBroken("the seal does not hold an account")
    return account
