"""What authorisations print on a programme's form, as the caller's organisation may see it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from portal.read_model.sealed_content import ContentKey
from throughline.packs.directory import Packs
from throughline.packs.model import Pack
from throughline.reference import AuthorisationRecorded

_OF = """
select number, content, pack, pack_version from authorisations a where active and pack is not null
    and exists (select from organisation_payees o where o.payee_id = a.payee_id and o.organisation_id = any($1::uuid[]))
    and ($2::text is null or number = $2)
order by pack, valid_to desc, number limit 200
"""


@dataclass(frozen=True, slots=True)
class FormOf:
    """An authorisation with the pack whose form it prints."""

    authorisation: AuthorisationRecorded
    pack: Pack


async def forms_to_fill(
    db: asyncpg.Connection,
    key: ContentKey,
    packs: Packs,
    organisations: list[UUID],
    number: str | None = None,
) -> list[FormOf]:
    """Active authorisations of the organisations' payees whose pack is here; of one number, where it is given."""
    found = []
    for row in await db.fetch(_OF, organisations, number):
        pack = packs.get((row["pack"], row["pack_version"]))
        if pack is not None:
            content = key.open(row["content"], "authorisations", row["number"])
            found.append(FormOf(AuthorisationRecorded.model_validate_json(content), pack))
    return found
