"""Who commands: what came beside a command as proof, and the person whom it proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from throughline.people import OPERATIONS_ROLES, PersonKey, Role
from throughline.signed import Method


@dataclass(frozen=True, slots=True)
class Proof:
    """The exact bytes of a command and the headers that speak for it; none of it believed yet."""

    value: bytes
    signature: bytes | None
    second: bytes | None
    step_up: bytes | None
    is_timed: bool = True
    """Whether the time of the record is the broker's. A sender's own would let an old signature be used for ever."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The person who signed a command, as every check proved."""

    person_id: UUID
    organisation_id: UUID
    role: Role
    method: Method
    stepped_up: bool
    """A fresh passkey over exactly this command; in a sandbox also TOTP or the person's own key."""
    payees: frozenset[UUID]
    """Whom the person's organisation acts for."""
    second_person_id: UUID | None = None
    """Who signed beside them, where two must."""
    second_method: Method | None = None

    @property
    def is_of_two_keys(self) -> bool:
        """Two people signed, each with a key of their own: no portal spoke for either."""
        return self.method == self.second_method == "key"

    def acts_for(self, payee_id: UUID) -> bool:
        """Operations act for every payee, a biller or provider for those of their organisation."""
        return self.role in OPERATIONS_ROLES or payee_id in self.payees


@dataclass(frozen=True, slots=True)
class By:
    """Who may give a command: any of these roles; ``two`` where a second person must sign it too."""

    roles: frozenset[Role]
    two: bool = False


def by(*roles: Role, two: bool = False) -> By:
    return By(frozenset(roles), two)


CheckPasskey = Callable[[bytes, bytes, Sequence[PersonKey], bool], bool]
"""(assertion, challenge, the person's passkeys, is the stack a sandbox): does one of them answer the challenge?"""
