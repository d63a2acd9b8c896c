"""A person's command, signed: an Ed25519 JWS over the exact bytes of the record's value (RFC 7515, F: detached).

The header ``signature`` of the record carries it. Its protected header names the command (type, id, topic) and the
person (person, organisation, role, how they proved who they are, when), so that a signature fits one record of one
person and no other. Nothing that the header could point to is ever followed: it has exactly the members named here.
Needs ``throughline[seal]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, get_args
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

SIGNATURE = "signature"
"""The Kafka header of the person who commands, or proposes."""
SECOND_SIGNATURE = "second-signature"
"""The Kafka header of the second person, where two must agree: people, and records given up."""
STEP_UP = "step-up"
"""The Kafka header of a WebAuthn assertion over this command: JSON of an AuthenticationCredential."""

VALID_FOR = timedelta(minutes=10)
TYPE = "throughline-command+jws"
ALGORITHM = "Ed25519"
"""RFC 9864: named in full, so that a key's own kind leaves nothing to choose."""

Method = Literal["passkey", "totp", "key"]
"""How the person proved who they are: to the portal that signs for them, or by their own key."""

_MEMBERS = frozenset(("alg", "kid", "typ", "msg", "id", "top", "sub", "org", "role", "amr", "iat", "exp"))
_HEADER_BYTES_MAX = 1_500
_VALUE_BYTES_MAX = 1_500_000


class _Registry(jws.JWSRegistry):
    max_header_length = _HEADER_BYTES_MAX
    max_payload_length = _VALUE_BYTES_MAX


_REGISTRY = _Registry(algorithms=[ALGORITHM], strict_check_header=False)


class SignatureMalformed(ValueError):
    """Not a signature of ours: another form, another algorithm, a member too many. The text repeats nothing of it."""


class SignatureAltered(ValueError):
    """The signature is not of this key over these bytes."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signature says of itself. Nothing of it holds before ``verify``."""

    kid: str
    message: str
    """The command's CloudEvents type."""
    id: UUID
    """The command's id (``ce_id``)."""
    topic: str
    person_id: UUID
    organisation_id: UUID
    role: str
    method: Method
    signed_at: datetime
    expires_at: datetime


def new_signing_key() -> OKPKey:
    """A fresh private key of a person, a portal or a founder; its id is its thumbprint (RFC 7638)."""
    return OKPKey.generate_key("Ed25519", {"use": "sig"}, auto_kid=True)


def public_part(key: OKPKey) -> str:
    """The public key as it travels in ``PersonRecorded``: the ``x`` of RFC 8037, base64url without padding."""
    return str(key.as_dict(private=False)["x"])


def key_of(public_key: str) -> OKPKey:
    """The key back from its public part. Raises ValueError where it is none."""
    try:
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": public_key})
    except (JoseError, ValueError, TypeError):
        raise ValueError("not an Ed25519 public key") from None


def kid_of(key: OKPKey) -> str:
    return str(key.thumbprint())


def sign(
    value: bytes,
    *,
    key: OKPKey,
    message: str,
    id: UUID,
    topic: str,
    person_id: UUID,
    organisation_id: UUID,
    role: str,
    method: Method,
    at: datetime,
) -> str:
    """The signature over a record's value, for ten minutes from ``at``: the true time, never a sandbox clock's.

    ``message`` is the CloudEvents type (``ce_type``), ``id`` the ``ce_id``. A portal signs with its own key for the
    person of the session.
    """
    issued = int(at.timestamp())
    header = {
        "alg": ALGORITHM,
        "kid": kid_of(key),
        "typ": TYPE,
        "msg": message,
        "id": str(id),
        "top": topic,
        "sub": str(person_id),
        "org": str(organisation_id),
        "role": role,
        "amr": method,
        "iat": issued,
        "exp": issued + int(VALID_FOR.total_seconds()),
    }
    return jws.detach_content(jws.serialize_compact(header, value, key, registry=_REGISTRY))


def read(signature: bytes) -> Signature:
    """What it says, not yet believed. Raises SignatureMalformed."""
    try:
        found = jws.extract_compact(signature, b"-", _REGISTRY).protected
    except (JoseError, ValueError, TypeError, RecursionError):
        raise SignatureMalformed("not a compact signature") from None
    return _read(found)


def _read(found: Any) -> Signature:
    if not isinstance(found, dict) or set(found) != _MEMBERS:
        raise SignatureMalformed("not the members of a signature of ours")
    texts = [found[name] for name in ("alg", "kid", "typ", "msg", "id", "top", "sub", "org", "role", "amr")]
    if not all(isinstance(one, str) and 0 < len(one) <= 200 for one in texts):
        raise SignatureMalformed("a member is not a short text")
    if found["alg"] != ALGORITHM or found["typ"] != TYPE or found["amr"] not in get_args(Method):
        raise SignatureMalformed("another algorithm, type or method")
    times = [found["iat"], found["exp"]]
    if not all(type(one) is int and 0 < one < 2**40 for one in times):
        raise SignatureMalformed("a time is not in seconds")
    if not 0 < times[1] - times[0] <= VALID_FOR.total_seconds():
        raise SignatureMalformed("valid for longer than ten minutes")
    try:
        ids = [UUID(found[name]) for name in ("id", "sub", "org")]
    except ValueError:
        raise SignatureMalformed("an id is not a UUID") from None
    return Signature(
        kid=found["kid"],
        message=found["msg"],
        id=ids[0],
        topic=found["top"],
        person_id=ids[1],
        organisation_id=ids[2],
        role=found["role"],
        method=found["amr"],
        signed_at=datetime.fromtimestamp(times[0], UTC),
        expires_at=datetime.fromtimestamp(times[1], UTC),
    )


def verify(signature: bytes, value: bytes, key: OKPKey) -> Signature:
    """What it says, proved by ``key`` over ``value``. Raises SignatureMalformed or SignatureAltered.

    Whether the key is the person's, and the command the record's, is for the caller to compare.
    """
    said = read(signature)
    if signature.split(b".")[1]:
        raise SignatureMalformed("the payload is not detached")
    try:
        jws.deserialize_compact(signature, key, registry=_REGISTRY, payload=value)
    except (JoseError, ValueError, TypeError):
        raise SignatureAltered("not signed by this key over these bytes") from None
    return said


def challenge_of(id: UUID, value: bytes) -> bytes:
    """What a passkey signs for a step-up: SHA-256 over the command's id as text, a newline, and the value's bytes."""
    return sha256(str(id).encode() + b"\n" + value).digest()
