"""What a change of a person or an organisation adds and takes, so that who approves it sees what they sign. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from throughline.people import OrganisationRecorded, PersonKey, PersonRecorded


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is added or taken: ``value`` is a role, a key's id, a payee or a kind."""

    adds: bool
    what: Literal["active", "role", "passkey", "signing", "payee", "kind"]
    value: str = ""
    organisation_id: UUID | None = None
    """Of a role."""


def person_differences(before: PersonRecorded | None, after: PersonRecorded) -> list[Difference]:
    """Against the record that counts now; None for a new person."""
    found = _active(before is not None and before.active, after.active)
    old_roles, old_keys = ((), ()) if before is None else (before.roles, before.keys)
    found += [
        Difference(one not in old_roles, "role", one.role, one.organisation_id)
        for one in (*after.roles, *old_roles)
        if (one in after.roles) != (one in old_roles)
    ]
    return found + [
        Difference(one not in old_keys, one.kind, one.kid)
        for one in (*after.keys, *old_keys)
        if (one in after.keys) != (one in old_keys)
    ]


def organisation_differences(
    before: OrganisationRecorded | None, after: OrganisationRecorded
) -> list[Difference]:
    """Against the record that counts now; None for a new organisation."""
    found = _active(before is not None and before.active, after.active)
    if before is None or before.kind != after.kind:
        found += [] if before is None else [Difference(False, "kind", before.kind)]
        found.append(Difference(True, "kind", after.kind))
    old = () if before is None else before.payees
    return found + [
        Difference(one not in old, "payee", str(one))
        for one in (*after.payees, *old)
        if (one in after.payees) != (one in old)
    ]


def recorded_passkeys(
    record: PersonRecorded, ours: tuple[PersonKey, ...], host: str
) -> tuple[PersonKey, ...]:
    """The record's keys with the person's passkeys of this portal as they are now: none that they removed."""
    now = {one.kid for one in ours}
    others = (
        one
        for one in record.keys
        if one.kid not in now
        and not (one.kind == "passkey" and one.relying_party is not None and one.relying_party.id == host)
    )
    return (*others, *ours)


def _active(before: bool, after: bool) -> list[Difference]:
    return [] if before == after else [Difference(after, "active")]
