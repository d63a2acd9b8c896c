"""A partner is registered, changed or closed. Its topic is heard from then on; it does not need a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis import Context, Heard, Say
from throughline.reference import PartnerRegistered

_STORE = """
insert into partners (partner, version, name, active, payers, api_key_sha256)
values ($1, $2, $3, $4, $5, $6)
on conflict (partner) do update set version = excluded.version, name = excluded.name, active = excluded.active,
    payers = excluded.payers, api_key_sha256 = excluded.api_key_sha256
where partners.version < excluded.version
"""


class PartnersWork:
    """Partners are few and change rarely: the newest of each is written by itself."""

    def __init__(self) -> None:
        self.newest: dict[str, PartnerRegistered] = {}

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> PartnersWork:
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        rows = [
            (one.partner, one.version, one.name, one.active, list(one.payers), one.api_key_sha256)
            for one in self.newest.values()
        ]
        await db.executemany(_STORE, rows)


def register_partner(heard: Heard[PartnerRegistered], work: PartnersWork, say: Say) -> None:
    """The highest version counts; nothing is said."""
    known = work.newest.get(heard.message.partner)
    if known is None or known.version < heard.message.version:
        work.newest[heard.message.partner] = heard.message
