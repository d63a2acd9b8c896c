"""Attachments as they are kept: sealed while they arrive, stored once for each holder, opened part by part."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import IO, Any
from uuid import UUID

import asyncpg

from chassis import Signer
from intake.attachment_keys import (
    PART_BYTES,
    SEALED_PART_BYTES,
    About,
    AttachmentKeys,
    PartCipher,
)

PORTAL = "portal"

_NEW = """
insert into attachments (attachment_id, holder, sha256, media_type, bytes, key_id, sealed_key)
values ($1, $2, $3, $4, $5, $6, $7)
"""
# Two uploads of one holder are counted one after the other.
_COUNT_ALONE = "select pg_advisory_xact_lock(hashtextextended($1, 4101))"
_UNNAMED = (
    "select coalesce(sum(bytes), 0)::bigint from attachments where holder = $1 and unnamed_since is not null"
)
_SENT_AGAIN = """
update attachments set unnamed_since = now() where holder = $1 and sha256 = $2 and unnamed_since is not null
"""
_PART = "insert into attachment_parts (attachment_id, part, bytes) values ($1, $2, $3)"
_ROW = "attachment_id, holder, sha256, media_type, bytes, key_id, sealed_key, received_at"
_HELD = f"select {_ROW} from attachments where holder = $1 and sha256 = $2"
_NAMED = f"""
select {_ROW}, payee_id from attachments join named_attachments using (attachment_id, sha256)
where request_id = $1 and sha256 = $2
"""
_ONE_PART = "select bytes from attachment_parts where attachment_id = $1 and part = $2"


class NoRoom(Exception):
    """Its holder has too much here that no request names."""


def holder_of(partner: str, signer: Signer | object | None) -> str:
    """Whose attachments count: a partner's; of what comes through the portal, those of the signer's organisation."""
    return f"{PORTAL}/{signer.organisation_id}" if isinstance(signer, Signer) else partner


class Arriving:
    """Seals what arrives into ``spool``, a part at a time: the content is never on a disk in the clear."""

    def __init__(self, spool: IO[bytes]) -> None:
        self._key = secrets.token_bytes(32)
        self._cipher = PartCipher(self._key)
        self._spool = spool
        self._waiting = bytearray()
        self._parts = 0

    def take(self, piece: bytes) -> None:
        self._waiting += piece
        while len(self._waiting) > PART_BYTES:  # at least one byte is left for the last part
            self._write(bytes(self._waiting[:PART_BYTES]), last=False)
            del self._waiting[:PART_BYTES]

    def finish(self) -> None:
        self._write(bytes(self._waiting), last=True)
        self._spool.seek(0)

    async def keep(
        self, db: asyncpg.Connection, keys: AttachmentKeys, about: About, unnamed_bytes_max: int
    ) -> bool:
        """Store it. False where its holder has the same bytes already: then they count from now on. Raises NoRoom."""
        await db.execute(_COUNT_ALONE, about.holder)
        if await held(db, about.holder, about.sha256) is not None:
            await db.execute(_SENT_AGAIN, about.holder, about.sha256)
            return False
        if await db.fetchval(_UNNAMED, about.holder) + about.size > unnamed_bytes_max:
            raise NoRoom
        sealed = keys.seal(self._key, about)
        await db.execute(
            _NEW,
            about.attachment_id,
            about.holder,
            about.sha256,
            about.media_type,
            about.size,
            keys.current,
            sealed,
        )
        for part in range(about.parts):
            await db.execute(_PART, about.attachment_id, part, self._spool.read(SEALED_PART_BYTES))
        return True

    def _write(self, content: bytes, *, last: bool) -> None:
        self._spool.write(self._cipher.seal(self._parts, content, last=last))
        self._parts += 1


async def held(db: Any, holder: str, sha256: bytes) -> asyncpg.Record | None:
    """What a holder sent under this name."""
    return await db.fetchrow(_HELD, holder, sha256)


async def named(db: Any, request_id: UUID, sha256: bytes) -> asyncpg.Record | None:
    """What an accepted version of a request names."""
    return await db.fetchrow(_NAMED, request_id, sha256)


async def content(pool: asyncpg.Pool, keys: AttachmentKeys, row: asyncpg.Record) -> AsyncIterator[bytes]:
    """Its bytes, a part in memory at a time. Raises DoesNotOpen: then what was given so far must not be used."""
    about = About(row["attachment_id"], row["holder"], row["sha256"], row["media_type"], row["bytes"])
    cipher = keys.open(row["key_id"], row["sealed_key"], about)
    for part in range(about.parts):
        sealed = await pool.fetchval(_ONE_PART, about.attachment_id, part) or b""
        yield cipher.open(part, sealed, last=part == about.parts - 1)
