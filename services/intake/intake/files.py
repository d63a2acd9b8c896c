"""A file of claims on its way: received with its bytes, read claim by claim, each claim answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Literal
from uuid import UUID

import asyncpg

from intake import problem_text
from intake.answering import Answered
from intake.arrival import Arrival
from throughline.answers import Problem
from throughline.people import Role

Format = Literal["837p", "csv"]
PART_BYTES = 1_000_000

_NEW = """
insert into files (receipt_id, partner, format, sha256, bytes, state, person_id, organisation_id, role)
values ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8)
on conflict (receipt_id) do nothing
"""
_PART = "insert into file_parts (receipt_id, part, bytes) values ($1, $2, $3)"
_NEXT = """
update files set worked_until = clock_timestamp() + $1::float8 * interval '1 second'
where receipt_id = (select receipt_id from files where state = 'waiting' and worked_until < clock_timestamp()
                    order by received_at limit 1 for update skip locked)
returning receipt_id, partner, format, answered, person_id, organisation_id, role
"""
_LOCKED = "select answered from files where receipt_id = $1 and state = 'waiting' for update"
_CLAIMS = """
insert into file_claims (receipt_id, position, number, outcome, request_id, version, problems)
select $1, * from unnest($2::int[], $3::text[], $4::text[], $5::uuid[], $6::smallint[], $7::text[])
"""
_PROGRESS = """
update files set answered = $2, claims = $3, worked_until = clock_timestamp() + $4::float8 * interval '1 second'
where receipt_id = $1
"""
_DONE = "update files set state = $2, claims = $3, problems = $4 where receipt_id = $1 and state = 'waiting'"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who signed a file: a person, for an organisation, in a role."""

    person_id: UUID
    organisation_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that this process reads until ``worked_until``; ``answered`` claims of it are done.

    ``sender`` is None where it came by a partner's API key.
    """

    receipt_id: UUID
    partner: str
    format: Format
    answered: int
    sender: Sender | None = None


class TakenOver(Exception):
    """Another replica went on with the file."""


async def keep_file(
    db: asyncpg.Connection,
    receipt_id: UUID,
    partner: str,
    format: Format,
    sha256: bytes,
    size: int,
    spool: IO[bytes],
    sender: Sender | None = None,
) -> bool:
    """Store a received file with its bytes. False where the receipt is there already."""
    said = (None, None, None) if sender is None else (sender.person_id, sender.organisation_id, sender.role)
    status: str = await db.execute(_NEW, receipt_id, partner, format, sha256, size, *said)
    if status.endswith(" 0"):
        return False
    spool.seek(0)
    for part in range((size + PART_BYTES - 1) // PART_BYTES):
        await db.execute(_PART, receipt_id, part, spool.read(PART_BYTES))
    return True


async def next_file(pool: asyncpg.Pool, lease_s: float) -> WaitingFile | None:
    """The oldest file that nobody reads; it is this process's for the lease."""
    row = await pool.fetchrow(_NEXT, lease_s)
    if row is None:
        return None
    sender = (
        None if row["person_id"] is None else Sender(row["person_id"], row["organisation_id"], row["role"])
    )
    return WaitingFile(row["receipt_id"], row["partner"], row["format"], row["answered"], sender)


async def spool_file(pool: asyncpg.Pool, receipt_id: UUID, into: IO[bytes]) -> None:
    """The file's bytes, part by part."""
    part = 0
    while True:
        piece = await pool.fetchval(
            "select bytes from file_parts where receipt_id = $1 and part = $2", receipt_id, part
        )
        if piece is None:
            return
        into.write(piece)
        part += 1


async def lock_progress(db: asyncpg.Connection, receipt_id: UUID, answered: int) -> None:
    """Hold the file's row for this transaction. Raises TakenOver where somebody else has gone further."""
    found = await db.fetchval(_LOCKED, receipt_id)
    if found != answered:
        raise TakenOver


async def store_claims(
    db: asyncpg.Connection,
    file: WaitingFile,
    pairs: Sequence[tuple[Arrival, Answered]],
    claims: int,
    lease_s: float,
) -> int:
    """What each claim was answered, and how far the file is. Returns the position reached."""
    answers = [answered.answer for _, answered in pairs]
    positions = [arrival.receipt.position for arrival, _ in pairs if arrival.receipt is not None]
    await db.execute(
        _CLAIMS,
        file.receipt_id,
        positions,
        [one.number for one in answers],
        [one.outcome for one in answers],
        [one.request_id for one in answers],
        [one.version for one in answers],
        [problem_text.write(one.problems) for one in answers],
    )
    await db.execute(_PROGRESS, file.receipt_id, positions[-1], claims, lease_s)
    return positions[-1]


async def finish(pool: asyncpg.Pool, receipt_id: UUID, claims: int, problems: Sequence[Problem]) -> None:
    """Every claim is answered; a file with problems of its own was refused whole."""
    state = "refused" if problems else "answered"
    await pool.execute(_DONE, receipt_id, state, claims, problem_text.write(problems, 20))
