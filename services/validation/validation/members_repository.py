"""SQL of members: what stood of those that a slice asks for, and what a slice records of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

import asyncpg

from throughline.members import member_key_for
from throughline.requests import PaymentRequest
from validation.coverage import Coverage
from validation.history import Version
from validation.reference_revision import raise_revision

# What stands now, and what stood then where that was another version.
_READ_THEN_AND_NOW = """
select a.at, now.revision <= a.revision as is_same, now.body as now, past.body as past
from unnest($1::int[], $2::uuid[], $3::bigint[]) as a (at, member, revision)
cross join lateral (
    select revision, body from members m where m.member = a.member order by m.revision desc limit 1) now
left join lateral (
    select body from members m where now.revision > a.revision and m.member = a.member and m.revision <= a.revision
    order by m.revision desc limit 1) past on true
"""
_READ_LATEST = """
select a.member, m.version, m.body from unnest($1::uuid[]) as a (member)
cross join lateral (
    select version, body from members m where m.member = a.member order by m.revision desc limit 1) m
"""
_ADD = """
insert into members (member, revision, version, body)
select member, $4, version, body from unnest($1::uuid[], $2::bigint[], $3::bytea[]) as new (member, version, body)
order by member
"""


class StoredMember(NamedTuple):
    version: int
    coverage: Coverage


async def read_coverage(db: asyncpg.Connection, versions: Iterable[Version]) -> None:
    """Give each version what stood of its member, and what stands now, where the payer has coverage checked: one
    statement for all of them, none where no payer asks."""
    asking = [one for one in versions if one.terms is not None and one.terms.coverage_checked]
    if not asking:
        return
    rows = await db.fetch(
        _READ_THEN_AND_NOW,
        list(range(len(asking))),
        [key_of(one.submission.request) for one in asking],
        [one.reference_revision for one in asking],
    )
    for row in rows:
        version = asking[row["at"]]
        assert version.terms is not None, "only what has terms asks"
        then: Coverage | None
        then = version.coverage_now = Coverage.model_validate_json(row["now"])
        if not row["is_same"]:
            then = None if row["past"] is None else Coverage.model_validate_json(row["past"])
        version.terms = replace(version.terms, coverage=then)


async def read_latest(db: asyncpg.Connection, members: Collection[UUID]) -> dict[UUID, StoredMember]:
    """What stands of these members now; those that nobody recorded are absent."""
    if not members:
        return {}
    rows = await db.fetch(_READ_LATEST, sorted(members))
    return {
        UUID(int=row["member"].int): StoredMember(row["version"], Coverage.model_validate_json(row["body"]))
        for row in rows
    }


async def store_members(db: asyncpg.Connection, members: Mapping[UUID, StoredMember]) -> None:
    """Put what was recorded beside what stood, under a revision of its own: what was decided before keeps to that."""
    if not members:
        return
    revision = await raise_revision(db)
    await db.execute(
        _ADD,
        list(members),
        [one.version for one in members.values()],
        [one.coverage.model_dump_json().encode() for one in members.values()],
        revision,
    )


def key_of(request: PaymentRequest) -> UUID:
    return member_key_for(request.payer, request.subject.member_id)
