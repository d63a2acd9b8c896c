"""Files of the bank as kept: bytes, hash, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from payout.findings import find
from throughline.identifiers import derived


@dataclass(frozen=True, slots=True)
class BankFile:
    id: UUID
    bank: str
    name: str
    sha256: str
    content: bytes


async def keep(db: asyncpg.Connection, bank: str, name: str, content: bytes, sha256: str) -> None:
    """Store a file as it was opened. The same name with other bytes is held for a person: a name is used once."""
    file_id = derived("bank-file", bank, name, sha256)
    reused = await db.fetchval(
        "select 1 from bank_files where bank = $1 and name = $2 and sha256 <> $3 limit 1", bank, name, sha256
    )
    kept = await db.fetchval(
        """
        insert into bank_files (file_id, bank, name, sha256, size, content, state, reason)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning 1
        """,
        file_id,
        bank,
        name,
        sha256,
        len(content),
        content,
        "held" if reused else "kept",
        "name_reuse" if reused else None,
    )
    if reused and kept:
        await find(db, "name_reuse", file_id)


async def next_to_post(db: asyncpg.Connection, bank: str) -> BankFile | None:
    """A bank's oldest file that is kept and not posted. One at a time over all replicas: their order is part of
    what they say, so who cannot have the first takes none."""
    if not await db.fetchval("select pg_try_advisory_xact_lock(7130001)"):
        return None
    row = await db.fetchrow(
        """
        select file_id, bank, name, sha256, content from bank_files where state = 'kept' and bank = $1
        order by arrived_at, name limit 1 for update
        """,
        bank,
    )
    return BankFile(*row) if row else None


async def already_posted(db: asyncpg.Connection, file: BankFile) -> bool:
    found = await db.fetchval(
        "select 1 from bank_files where bank = $1 and sha256 = $2 and state = 'posted' limit 1",
        file.bank,
        file.sha256,
    )
    return found is not None


async def set_state(db: asyncpg.Connection, file: BankFile, state: str, reason: str | None = None) -> None:
    await db.execute(
        "update bank_files set state = $2, reason = $3 where file_id = $1", file.id, state, reason
    )
