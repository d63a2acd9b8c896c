"""The provider of a form, as it stands on file: the form names it by its id, and carries no TIN."""

from __future__ import annotations

import json
from uuid import UUID

import asyncpg

from portal.claim_form import PayeeOfForm
from portal.read_model.sealed_content import ContentKey

_PAYEE = """
select kind, identifier, name, private from payees p where payee_id = $1
    and exists (select from organisation_payees o where o.payee_id = p.payee_id and o.organisation_id = $2)
"""
_ORGANISATION = """
select organisation_id from organisation_payees
where payee_id = $1 and organisation_id = any((select portal_organisations())::uuid[]) order by organisation_id limit 1
"""


async def payee_of_form(
    db: asyncpg.Connection, key: ContentKey, payee_id: str, organisation_id: UUID
) -> PayeeOfForm | None:
    """None where the form names none, or one for whom the organisation does not act."""
    try:
        identity = UUID(payee_id)
    except ValueError:
        return None
    row = await db.fetchrow(_PAYEE, identity, organisation_id)
    if row is None or row["private"] is None:
        return None
    private = json.loads(key.open(row["private"], "payees", identity))
    return PayeeOfForm(row["kind"], row["identifier"], private["tin"], row["name"])


async def organisation_of_payee(db: asyncpg.Connection, payee_id: UUID) -> UUID:
    """The caller's organisation that bills for the payee."""
    found: UUID = await db.fetchval(_ORGANISATION, payee_id)
    return found
