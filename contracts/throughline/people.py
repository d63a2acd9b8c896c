"""Who may command: organisations, people, their roles and public keys. No names: those stay where people sign in.

Each record is signed twice (``throughline.signed``: ``signature`` by who proposes, ``second-signature`` by who
approves): two different people with the role operator, neither of them the subject. The first people are signed by
founding keys. The entity's version must rise; what a version leaves out (a role, a key) is gone from that record on.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.message import Event, Record
from throughline.reference import EntityVersion

Role = Literal["biller", "provider_admin", "reviewer", "releaser", "account_approver", "auditor", "operator"]
"""``biller`` and ``provider_admin`` act for an organisation's payees; the others are of an operations organisation."""

OPERATIONS_ROLES: frozenset[Role] = frozenset(
    ("reviewer", "releaser", "account_approver", "auditor", "operator")
)

KeyId = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_-]+$")]
"""A signing key's thumbprint (RFC 7638), or a passkey's credential id: base64url without padding."""


class OrganisationRecorded(Event):
    """An organisation, and the payees that its people may act for. Key of the record: organisation id."""

    organisation_id: UUID
    version: EntityVersion
    kind: Literal["operations", "biller", "provider"]
    payees: Annotated[tuple[UUID, ...], Field(max_length=5000)] = ()
    active: bool = True


class RoleHeld(Record):
    """A role in one organisation."""

    role: Role
    organisation_id: UUID


class RelyingParty(Record):
    """Where a passkey was made, and the only place where it counts (WebAuthn: rp id and origin)."""

    id: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9.-]+$")]
    origin: Annotated[
        str, Field(min_length=8, max_length=300, pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")
    ]
    """``http`` only in a sandbox."""


class PersonKey(Record):
    """A public key of a person: their own signing key (Ed25519), or a passkey."""

    kid: KeyId
    kind: Literal["signing", "passkey"]
    public_key: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[A-Za-z0-9_-]+$")]
    """base64url without padding: of a signing key the 32 bytes of RFC 8037, of a passkey its COSE key."""
    relying_party: RelyingParty | None = None
    """Of a passkey."""


class PersonRecorded(Event):
    """A person: which roles they hold, and by which keys they are known. Key of the record: person id."""

    person_id: UUID
    version: EntityVersion
    active: bool = True
    roles: Annotated[tuple[RoleHeld, ...], Field(max_length=50)] = ()
    keys: Annotated[tuple[PersonKey, ...], Field(max_length=20)] = ()
