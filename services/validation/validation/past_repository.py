"""SQL of near duplicates: candidates of a whole slice by one statement; what it adds, under one short lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from throughline.submissions import SubmissionReceived
from validation.history import Version
from validation.near_duplicates.keys import NearKeys, in_month, months, near_keys, widened
from validation.near_duplicates.past import Past
from validation.near_duplicates.verdict import judge
from validation.repository import ClaimedByAnother

CANDIDATES_MAX = 32
"""Of one key: more requests of one person within a few days add work and no knowledge."""

# Beside what is counted, not behind it: else a request of many versions that ended hides whatever follows it.
_LIVE = "join versions v on v.request_id = k.request_id and v.version = k.version and v.state <> 'ended'"
# Three ways to one person, each by its own index, ordered so that the dates bound what is read, and the invoice; then
# the few that are found.
_CANDIDATES = f"""
select r.last, f.at, f.request_id, f.version, f.body from near_revision r left join (
  select a.at, n.request_id, n.version, n.body
  from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::date[], $7::date[])
    as a (at, member, name, birth, invoice, first, last)
  cross join lateral (
    (select k.request_id, k.version, v.body from near_keys k {_LIVE}
     where k.member = a.member and k.last_day >= a.first and k.first_day <= a.last
     order by k.last_day limit {CANDIDATES_MAX})
    union all
    (select k.request_id, k.version, v.body from near_keys k {_LIVE}
     where k.name = a.name and k.last_day >= a.first and k.first_day <= a.last
     order by k.last_day limit {CANDIDATES_MAX})
    union all
    (select k.request_id, k.version, v.body from near_keys k {_LIVE}
     where k.birth = a.birth and k.last_day >= a.first and k.first_day <= a.last
     order by k.last_day limit {CANDIDATES_MAX})
    union all
    (select k.request_id, k.version, v.body from near_keys k {_LIVE}
     where k.invoice = a.invoice limit {CANDIDATES_MAX})
  ) n
) f on true
"""
_SAME_DOCUMENT = f"""
select a.at, n.request_id, n.version, n.body from unnest($1::int[], $2::bytea[]) as a (at, document)
cross join lateral (
  select k.request_id, k.version, v.body from near_documents k {_LIVE} where k.document = a.document
  order by k.seq desc limit {CANDIDATES_MAX}
) n
"""
_RAISE_REVISION = "update near_revision set last = last + $1 returning last"
_CAME_SINCE = """
select v.body from (
  select request_id, version from near_keys where seq > $1
    and (member = any($2::bigint[]) or name = any($3::bigint[]) or birth = any($4::bigint[])
         or invoice = any($5::bigint[]))
  union
  select request_id, version from near_documents where document = any($6::bytea[]) and seq > $1
) n
join versions v on v.request_id = n.request_id and v.version = n.version and v.state <> 'ended'
"""
_ADD = """
insert into near_keys (seq, request_id, version, member, name, birth, invoice, first_day, last_day)
select * from unnest($1::bigint[], $2::uuid[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                     $8::date[], $9::date[])
"""
_ADD_DOCUMENTS = """
insert into near_documents (document, seq, request_id, version)
select document, $4::bigint, request_id, version
from unnest($1::bytea[], $2::uuid[], $3::smallint[]) as new (document, request_id, version)
on conflict (document, request_id, version) do nothing
"""


async def read_past(db: asyncpg.Connection, past: Past, judged: Sequence[Version]) -> None:
    """What the versions to be judged may repeat."""
    if not judged:
        return
    wanted: list[tuple[Any, ...]] = []
    for at, version in enumerate(judged):
        first, last = widened(version.near_keys, past.rules.shift_days_max)
        wanted += [(at, *_row(version.near_keys, month), first, last) for month in months(first, last)]
    rows = await db.fetch(_CANDIDATES, *_columns(wanted))
    past.revision = rows[0]["last"]
    _take(past, judged, [row for row in rows if row["at"] is not None])
    documents = [
        (at, one) for at, version in enumerate(judged) for one in past.documents_of(version.submission)
    ]
    if documents:
        asked = [at for at, _ in documents], [one for _, one in documents]
        _take(past, judged, await db.fetch(_SAME_DOCUMENT, *asked))


def _take(past: Past, judged: Sequence[Version], rows: Sequence[asyncpg.Record]) -> None:
    """Each body is read once, however many ask for it."""
    read: dict[tuple[UUID, int], SubmissionReceived] = {}
    for row in rows:
        submission = judged[row["at"]].submission
        other = (UUID(int=row["request_id"].int), row["version"])
        if other[0] == submission.request_id:
            continue
        there = read.get(other)
        if there is None:
            there = read[other] = SubmissionReceived.model_validate_json(row["body"])
        past.found[submission.request_id, submission.version][other] = there


async def store_past(db: asyncpg.Connection, past: Past) -> None:
    """Add what claimed its bill. Raises ClaimedByAnother where something that it resembles was added since this slice
    looked; one common key is not enough: many share a payee and a birth date.

    The row of the revision is locked from here to the commit, which follows at once: whoever holds it sees everything
    that was added before, so of two that repeat one another in the same moment the second one sees the first.
    """
    if not past.added:
        return
    rows = [
        (submission.request_id, submission.version, *_row(keys, month), keys.first_day, keys.last_day)
        for submission, keys, _ in past.added
        for month in months(keys.first_day, keys.last_day)
    ]
    documents = [
        (document, submission.request_id, submission.version)
        for submission, _, held in past.added
        for document in held
    ]
    last = await db.fetchval(_RAISE_REVISION, len(rows))
    first = last - len(rows) + 1
    columns = _columns(rows)
    if first != past.revision + 1:
        since = await db.fetch(_CAME_SINCE, past.revision, *columns[2:6], [one[0] for one in documents])
        if since and _resemble(past, [SubmissionReceived.model_validate_json(row["body"]) for row in since]):
            raise ClaimedByAnother("somebody claimed nearly the same bill at the same moment")
    await db.execute(_ADD, list(range(first, last + 1)), *columns)
    if documents:
        await db.execute(_ADD_DOCUMENTS, *_columns(documents), last)


def _resemble(past: Past, came: Sequence[SubmissionReceived]) -> bool:
    """Whether any that came since would have been found beside any that is added, each for itself."""
    since = Past(past.rules)
    for there in came:
        since.add(there, near_keys(there))
    for submission, keys, _ in past.added:
        rules = past.rules_of(submission, keys)
        for there in since.candidates(submission, keys):
            verdict = judge(submission, [there], rules, packs=past.packs)
            if verdict.likest is not None or verdict.near_misses:
                return True
    return False


def _row(keys: NearKeys, month: int) -> tuple[int | None, ...]:
    return in_month(keys.member, month), in_month(keys.name, month), in_month(keys.birth, month), keys.invoice


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
