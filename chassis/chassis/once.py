"""Once without a sequence: a command counts once per speaker and id; an entity's version must rise."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import asyncpg

from chassis.arrival import Arrival, Defect
from throughline.reasons import Reason

# The order by fixes the lock order between two replicas that hear the same ids.
_CLAIM = """
insert into chassis.heard_commands (speaker, id, body_hash)
select * from unnest($1::text[], $2::uuid[], $3::bytea[]) as t (speaker, id, body_hash) order by speaker, id
on conflict do nothing
returning speaker, id
"""
_KNOWN = """
select speaker, id, body_hash from chassis.heard_commands
where (speaker, id) in (select * from unnest($1::text[], $2::uuid[]))
"""
_VERSIONS = """
select key, version from chassis.entity_versions where topic = $1 and key = any($2::text[]) order by key for update
"""
_RAISE = """
insert into chassis.entity_versions as v (topic, key, version)
select $1, key, version from unnest($2::text[], $3::bigint[]) as t (key, version) order by key
on conflict (topic, key) do update set version = greatest(v.version, excluded.version)
"""


SIGNED = "signed"
"""Stands for the speaker where the signature, not the source, says whose command it is."""


async def new_commands(
    db: asyncpg.Connection, arrivals: Sequence[Arrival], *, speaker: str | None = None
) -> list[Arrival]:
    """Those heard for the first time. A repeat is dropped; the same id with another body is marked ``conflict``.

    ``speaker`` takes the place of each envelope's own source.
    """
    first: dict[tuple[str, Any], tuple[Arrival, bytes]] = {}
    others: list[tuple[tuple[str, Any], Arrival, bytes]] = []
    for arrival in arrivals:
        envelope = arrival.message.envelope
        at = (speaker or envelope.source, envelope.id)
        body = sha256(arrival.record.value or b"").digest()
        if at in first:
            others.append((at, arrival, body))
        else:
            first[at] = (arrival, body)
    if not first:
        return []
    claimed = {
        (row[0], row[1])
        for row in await db.fetch(
            _CLAIM, [at[0] for at in first], [at[1] for at in first], [body for _, body in first.values()]
        )
    }
    others.extend((at, arrival, body) for at, (arrival, body) in first.items() if at not in claimed)
    if others:
        rows = await db.fetch(_KNOWN, [at[0] for at, _, _ in others], [at[1] for at, _, _ in others])
        known = {(row[0], row[1]): row[2] for row in rows}
        for at, arrival, body in others:
            if known[at] != body:
                arrival.defect = Defect(Reason.CONFLICT)
    return [arrival for at, (arrival, _) in first.items() if at in claimed]


async def risen_entities(db: asyncpg.Connection, topic: str, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those whose version is above every version of the same key so far."""
    keys = sorted({arrival.message.key or "" for arrival in arrivals})
    if not keys:
        return []
    versions = {row[0]: row[1] for row in await db.fetch(_VERSIONS, topic, keys)}
    risen = []
    for arrival in arrivals:
        key = arrival.message.key or ""
        version: int = arrival.message.message.version
        if version > versions.get(key, 0):
            versions[key] = version
            risen.append(arrival)
    await db.execute(_RAISE, topic, keys, [versions.get(key, 0) for key in keys])
    return risen
