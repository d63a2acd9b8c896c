"""Payers and providers on file, as the 835 names them. The chassis lets only rising versions through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard


@dataclass(slots=True)
class ReferenceWork:
    payers: dict[str, bytes] = field(default_factory=dict)
    providers: dict[UUID, bytes] = field(default_factory=dict)

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> ReferenceWork:
        return cls()

    async def store(self, db: asyncpg.Connection) -> None:
        if self.payers:
            await db.execute(
                """insert into payers (payer, body) select * from unnest($1::text[], $2::bytea[]) order by 1
                on conflict (payer) do update set body = excluded.body""",
                list(self.payers),
                list(self.payers.values()),
            )
        if self.providers:
            await db.execute(
                """insert into providers (payee_id, body) select * from unnest($1::uuid[], $2::bytea[]) order by 1
                on conflict (payee_id) do update set body = excluded.body""",
                list(self.providers),
                list(self.providers.values()),
            )
