"""SQL of exclusion lists: parts come one by one, and a list is in force once all of them are there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from throughline.decisions import ScreenedAgainst
from throughline.exclusions import Exclusion, ExclusionListRecorded
from throughline.identifiers import derived
from validation.follow_up_repository import FollowUp, store_follow_ups
from validation.reference_revision import raise_revision
from validation.screening import ClearedName, ExclusionList, Listed
from validation.whole_lists import Arriving, Edition

_ENTRIES: TypeAdapter[tuple[Exclusion, ...]] = TypeAdapter(tuple[Exclusion, ...])

_ADD_PARTS = """
insert into exclusion_parts (list_id, version, sha256, part, parts, dated_on, body, shrinks_because)
select * from unnest(
    $1::text[], $2::bigint[], $3::bytea[], $4::int[], $5::int[], $6::date[], $7::bytea[], $8::text[]
)
on conflict (list_id, version, sha256, part) do nothing
"""
_COMPLETE = """
select distinct on (p.list_id) p.list_id, p.version, p.sha256, min(p.dated_on) as dated_on,
    max(p.shrinks_because) as shrinks_because
from exclusion_parts p left join exclusion_lists l on l.list_id = p.list_id
where p.list_id = any($1::text[]) and p.version > coalesce(l.version, 0)
group by p.list_id, p.version, p.sha256 having count(*) = min(p.parts)
order by p.list_id, p.version desc, p.sha256
"""
_PUT_IN_FORCE = """
insert into exclusion_lists (list_id, version, sha256, dated_on, revision, shrinks_because)
values ($1, $2, $3, $4, $5, $6)
on conflict (list_id) do update set version = excluded.version, sha256 = excluded.sha256,
    dated_on = excluded.dated_on, revision = excluded.revision, shrinks_because = excluded.shrinks_because
"""
_READ_ARRIVING = """
select p.list_id, p.version, p.sha256, p.part, p.parts, p.shrinks_because,
    json_array_length(convert_from(p.body, 'UTF8')::json) as entries
from exclusion_parts p left join exclusion_lists l on l.list_id = p.list_id
where p.list_id = any($1::text[]) and p.version > coalesce(l.version, 0)
"""
_FORGET_EDITION = "delete from exclusion_parts where list_id = $1 and version = $2 and sha256 = $3"
_FORGET_OLDER = "delete from exclusion_parts where list_id = $1 and version < $2"
# One statement, so that a list and its parts are of one moment; of what is known already no part is read.
_READ = """
select l.list_id, l.version, l.dated_on, l.sha256, l.shrinks_because, p.body from exclusion_lists l
left join unnest($1::text[], $2::bigint[]) as known (list_id, version)
    on known.list_id = l.list_id and known.version = l.version
left join exclusion_parts p on known.list_id is null
    and p.list_id = l.list_id and p.version = l.version and p.sha256 = l.sha256
order by l.list_id, p.part
"""
_CLEAR = """
insert into cleared_names (list_id, payee_id, name, entry, event_id, request_id, revision)
select list_id, payee_id, name, entry, event_id, request_id, $7
from unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::uuid[], $6::uuid[])
    as new (list_id, payee_id, name, entry, event_id, request_id)
on conflict (list_id, payee_id, name, entry) do update set event_id = excluded.event_id,
    request_id = excluded.request_id, revision = excluded.revision, taken_back = false
where cleared_names.taken_back
"""
_TAKE_BACK = "update cleared_names set taken_back = true, revision = $2 where event_id = any($1::uuid[])"
_READ_CLEARED = "select list_id, payee_id, name, entry, taken_back from cleared_names where revision > $1"
_READ_CLEARED_BY = """
select event_id, request_id, list_id, payee_id, name, entry from cleared_names
where event_id = any($1::uuid[]) and not taken_back
"""


class InForce(NamedTuple):
    """A version of a list that came into force."""

    list_id: str
    version: int


async def store_parts(db: asyncpg.Connection, parts: Sequence[ExclusionListRecorded]) -> list[InForce]:
    """Keep the parts. The lists whose newest version is whole now come into force, and are returned."""
    if not parts:
        return []
    rows = [
        (
            one.list_id,
            one.version,
            bytes.fromhex(one.sha256),
            one.part,
            one.parts,
            one.dated_on,
            stored_part(one),
            one.shrinks_because,
        )
        for one in parts
    ]
    await db.execute(_ADD_PARTS, *[list(column) for column in zip(*rows, strict=True)])
    complete = await db.fetch(_COMPLETE, sorted({one.list_id for one in parts}))
    if not complete:
        return []
    revision = await raise_revision(db)
    for row in complete:
        await db.execute(
            _PUT_IN_FORCE,
            *(
                row["list_id"],
                row["version"],
                row["sha256"],
                row["dated_on"],
                revision,
                row["shrinks_because"],
            ),
        )
        await db.execute(_FORGET_OLDER, row["list_id"], row["version"])
    return [InForce(row["list_id"], row["version"]) for row in complete]


async def read_arriving(db: asyncpg.Connection, list_ids: Collection[str]) -> dict[Edition, Arriving]:
    """The parts that came of lists which are not whole yet."""
    found: dict[Edition, Arriving] = {}
    for row in await db.fetch(_READ_ARRIVING, sorted(list_ids)):
        edition = row["list_id"], row["version"], row["sha256"].hex()
        came = found.setdefault(edition, Arriving(row["parts"]))
        came.parts = min(came.parts, row["parts"])
        came.entries[row["part"]] = row["entries"]
        came.shrinks_because = came.shrinks_because or row["shrinks_because"]
    return found


async def forget_editions(db: asyncpg.Connection, editions: Collection[Edition]) -> None:
    """What was refused never comes into force."""
    for list_id, version, digest in editions:
        await db.execute(_FORGET_EDITION, list_id, version, bytes.fromhex(digest))


async def read_lists(db: asyncpg.Connection, known: Mapping[str, ExclusionList]) -> dict[str, ExclusionList]:
    """The lists in force: of those that are known nothing is read but that they still are."""
    rows = await db.fetch(_READ, list(known), [one.version for one in known.values()])
    held: dict[str, ExclusionList] = {}
    for row in rows:
        name = row["list_id"]
        there = known.get(name)
        if there is not None and there.version == row["version"]:
            held[name] = there
            continue
        if name not in held:
            against = ScreenedAgainst(list_id=name, dated_on=row["dated_on"], sha256=row["sha256"].hex())
            held[name] = ExclusionList(row["version"], against, shrinks_because=row["shrinks_because"])
        await asyncio.sleep(0)  # a whole list takes a second to take in: heartbeats go on meanwhile
        take_part(held[name], row["body"])
    return held


class ClearedBy(NamedTuple):
    """What one event cleared, of which request."""

    event_id: UUID
    request_id: UUID
    names: tuple[ClearedName, ...]


async def store_cleared(db: asyncpg.Connection, cleared: Collection[ClearedBy]) -> None:
    """Every replica learns of them by the revision."""
    rows = {name: (*name, one.event_id, one.request_id) for one in cleared for name in one.names}
    if rows:
        columns = [list(column) for column in zip(*sorted(rows.values()), strict=True)]
        await db.execute(_CLEAR, *columns, await raise_revision(db))


async def take_back_cleared(db: asyncpg.Connection, taken_back: Collection[ClearedBy]) -> None:
    """The names are asked about again, and what their providers have approved is screened again."""
    if not taken_back:
        return
    await db.execute(_TAKE_BACK, [one.event_id for one in taken_back], await raise_revision(db))
    follow_ups = [
        FollowUp(derived("clearance-taken-back", str(one.event_id)), "provider", payee=one.names[0].payee_id)
        for one in taken_back
    ]
    await store_follow_ups(db, follow_ups)


async def read_cleared(db: asyncpg.Connection, since: int) -> tuple[set[ClearedName], set[ClearedName]]:
    """What was cleared after a revision, and what was taken back of it."""
    rows = await db.fetch(_READ_CLEARED, since)
    return (
        {_cleared_name(row) for row in rows if not row["taken_back"]},
        {_cleared_name(row) for row in rows if row["taken_back"]},
    )


async def read_cleared_by(db: asyncpg.Connection, events: Collection[UUID]) -> dict[UUID, ClearedBy]:
    """What these events cleared, as far as it holds."""
    found: dict[UUID, ClearedBy] = {}
    for row in await db.fetch(_READ_CLEARED_BY, list(events)) if events else ():
        event_id, request_id = UUID(int=row["event_id"].int), UUID(int=row["request_id"].int)
        before = found.get(event_id, ClearedBy(event_id, request_id, ()))
        found[event_id] = before._replace(names=(*before.names, _cleared_name(row)))
    return found


def _cleared_name(row: asyncpg.Record) -> ClearedName:
    return ClearedName(row["list_id"], UUID(int=row["payee_id"].int), row["name"], row["entry"])


def stored_part(part: ExclusionListRecorded) -> bytes:
    return _ENTRIES.dump_json(part.entries, exclude_defaults=True)


def take_part(held: ExclusionList, body: bytes) -> None:
    """The entries of a part as it is stored: checked when they came, so they are read as they are, in a tenth of the
    time."""
    for one in json.loads(body):
        excluded_on, reinstated_on = one.get("excluded_on"), one.get("reinstated_on")
        listed = Listed(
            one.get("npi"),
            one.get("business", False),
            None if excluded_on is None else _day(excluded_on),
            None if reinstated_on is None else _day(reinstated_on),
            one.get("waived", False),
        )
        held.add(listed, one.get("names", ()))


_day = lru_cache(maxsize=20_000)(date.fromisoformat)
"""A list has few days and many entries: each day is held once."""
