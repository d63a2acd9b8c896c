"""What people do over HTTP, signed as commands on topics are: through the portal, or two together with their own keys.

The header ``Throughline-Signature`` carries the detached signature of ``throughline.signed`` over ``Call.value``:
method, target, the digest of the body (RFC 9530) and the idempotency key. A body may be large; its digest stands for
it, and is compared with what arrives.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from throughline.identifiers import derived
from throughline.people import Role

SIGNATURE_HEADER = "Throughline-Signature"
SECOND_SIGNATURE_HEADER = "Throughline-Second-Signature"
DIGEST_HEADER = "Content-Digest"

What = Literal[
    "throughline.SendFile",
    "throughline.KeepAttachment",
    "throughline.ReadAttachment",
    "throughline.ResolveFile",
    "throughline.ResolveFinding",
]

MAY_CALL: Mapping[What, frozenset[Role]] = {
    "throughline.SendFile": frozenset(("biller", "provider_admin")),
    "throughline.KeepAttachment": frozenset(("biller", "provider_admin")),
    "throughline.ReadAttachment": frozenset(("biller", "provider_admin", "reviewer", "auditor")),
    "throughline.ResolveFile": frozenset(("operator", "releaser")),
    "throughline.ResolveFinding": frozenset(("operator", "releaser")),
}
"""Which roles may ask for what. A provider's people read what their own organisation sent."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a person: ``target`` is the path with its query, as it is sent."""

    what: What
    method: Literal["GET", "HEAD", "POST"]
    target: str
    content_digest: str = ""
    idempotency_key: str = ""

    @property
    def value(self) -> bytes:
        """What is signed."""
        return "\n".join((f"{self.method} {self.target}", self.content_digest, self.idempotency_key)).encode()

    @property
    def id(self) -> UUID:
        """The same for the same call, however often it is made."""
        return derived("call", self.value.decode())


def content_digest(sha256: bytes) -> str:
    """The header ``Content-Digest`` of a body with this SHA-256."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def sha256_in(header: str) -> bytes | None:
    """The SHA-256 that ``Content-Digest`` names; None where it names none in the one form that counts here."""
    if not (header.startswith("sha-256=:") and header.endswith(":") and len(header) == 54):
        return None
    try:
        found = base64.b64decode(header[9:-1], validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == 32 and content_digest(found) == header else None
