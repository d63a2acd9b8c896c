"""SQL of validation: a statement for a slice, arrays in, rows out. Locks: versions, bill keys, tallies, each sorted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from throughline.people import PersonRecorded
from throughline.reasons import Reason
from throughline.submissions import SubmissionReceived
from validation.domain import State
from validation.duplicates import BillClaims, BillKey
from validation.exclusions_repository import read_cleared, read_lists
from validation.handling import handling_from_json, handling_to_json
from validation.history import Request, Version, findings_from_json, findings_to_json
from validation.reference import KINDS, Entity, Reference
from validation.reference_revision import raise_revision
from validation.tallies import readings_from_json, readings_to_json

_LOCK_VERSIONS = """
select 1 from versions where request_id = any($1::uuid[]) order by request_id, version for update
"""
_READ_VERSIONS = """
select state, reason, latest_event, decision_id, stop_cause, paid_cents, rule_set, findings, decided_at, shown,
       assignee, body, reference_revision, verdict, verdict_cents,
       readings, settled_readings, handling, pack
from versions where request_id = any($1::uuid[]) order by request_id, version
"""
_INSERT_VERSIONS = """
insert into versions (request_id, version, state, reason, latest_event, decision_id, stop_cause, payer, received_on,
                      charge_cents, paid_cents, rule_set, findings, decided_at, body, shown, assignee,
                      reference_revision, verdict, verdict_cents, readings, settled_readings, handling,
                      payee_id, rendering_npi, pack)
select a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, string_to_array(p, ',')::uuid[], q, r, s, t, u, v, w, x, y, z
from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
            $8::text[], $9::date[], $10::bigint[], $11::bigint[], $12::bytea[], $13::bytea[],
            $14::timestamptz[], $15::bytea[], $16::text[], $17::uuid[], $18::bigint[], $19::text[], $20::bigint[],
            $21::bytea[], $22::bytea[], $23::bytea[], $24::uuid[], $25::bigint[], $26::bytea[])
    as new (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z)
"""
_UPDATE_VERSIONS = """
update versions set state = new.state, reason = new.reason, latest_event = new.latest_event,
    decision_id = new.decision_id, stop_cause = new.stop_cause, paid_cents = new.paid_cents, rule_set = new.rule_set,
    findings = new.findings, decided_at = new.decided_at, shown = string_to_array(new.shown, ',')::uuid[],
    assignee = new.assignee, verdict = new.verdict, verdict_cents = new.verdict_cents,
    readings = new.readings, settled_readings = new.settled_readings, handling = new.handling
from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::bigint[],
            $9::bytea[], $10::bytea[], $11::timestamptz[], $12::text[], $13::uuid[], $14::text[], $15::bigint[],
            $16::bytea[], $17::bytea[], $18::bytea[])
    as new (request_id, version, state, reason, latest_event, decision_id, stop_cause, paid_cents, rule_set, findings,
            decided_at, shown, assignee, verdict, verdict_cents, readings, settled_readings, handling)
where versions.request_id = new.request_id and versions.version = new.version
"""
# A join, so that each key is looked for in its own partition only; `key = any($1)` asks all sixteen for all keys.
_LOCK_BILL_KEYS = """
select b.key, b.owner, b.beside from unnest($1::bytea[]) as asked (key) join bill_keys b on b.key = asked.key
order by b.key for update of b
"""
_CLAIM_BILL_KEYS = """
insert into bill_keys (key, owner, beside)
select key, owner, string_to_array(beside, ',')::uuid[]
from unnest($1::bytea[], $2::uuid[], $3::text[]) as new (key, owner, beside) order by key
"""
_CHANGE_BILL_KEYS = """
update bill_keys set owner = new.owner, beside = string_to_array(new.beside, ',')::uuid[]
from unnest($1::bytea[], $2::uuid[], $3::text[]) as new (key, owner, beside)
where bill_keys.key = new.key
"""
_READ_PEOPLE = "select body from chassis.people where person_id = any($1::uuid[])"
_READ_REFERENCE = "select kind, body, revision from reference where revision > $1 order by revision, kind, id"
_READ_REFERENCE_SINCE = """
select kind, body, revision from reference_history where revision > $1 order by revision, kind, id
"""
_PUT_REFERENCE = """
with put as (
insert into reference (kind, id, version, revision, body)
select kind, id, version, $5, body
from unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) as new (kind, id, version, body) order by kind, id
on conflict (kind, id) do update
set version = excluded.version, revision = excluded.revision, body = excluded.body
where reference.version < excluded.version
returning kind, id, revision, version, body
)
insert into reference_history (kind, id, revision, version, body)
select kind, id, revision, version, body from put
"""


_REASONS: dict[str, Reason] = {reason.value: reason for reason in Reason}


class ClaimedByAnother(asyncpg.SerializationError):  # type: ignore[misc]  # asyncpg has no types
    """Another replica claimed one of these bill keys in the same moment. The slice, tried again, sees its owner."""


async def lock_requests(db: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, Request]:
    """All versions of these requests, their rows locked in order.

    Two statements on purpose: the second one's snapshot is taken when the locks are held, so it sees a version that
    another transaction added while the first one waited.
    """
    if not await db.fetch(_LOCK_VERSIONS, ids):
        return {request_id: Request(request_id) for request_id in ids}
    return await read_requests(db, ids)


async def read_requests(db: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, Request]:
    """All versions of these requests, in the order of the ids given."""
    requests = {request_id: Request(request_id) for request_id in ids}
    for row in await db.fetch(_READ_VERSIONS, ids):
        version = _version_of(row)
        requests[version.submission.request_id].versions[version.number] = version
    return requests


def _version_of(row: asyncpg.Record) -> Version:
    return Version(
        submission=SubmissionReceived.model_validate_json(row["body"]),
        decided_at=row["decided_at"],
        state=State(row["state"]),
        reason=None if row["reason"] is None else _REASONS[row["reason"]],
        latest_event=_plain(row["latest_event"]),
        decision_id=_plain(row["decision_id"]),
        stop_cause=row["stop_cause"],
        paid_cents=row["paid_cents"],
        rule_set=None if row["rule_set"] is None else row["rule_set"].hex(),
        findings=findings_from_json(row["findings"]),
        shown=_ids(row["shown"]),
        assignee=_plain(row["assignee"]),
        reference_revision=row["reference_revision"],
        verdict=row["verdict"],
        verdict_cents=row["verdict_cents"],
        readings=readings_from_json(row["readings"]),
        settled_readings=readings_from_json(row["settled_readings"]),
        handling=handling_from_json(row["handling"]),
        pack=None if row["pack"] is None else row["pack"].hex(),
        is_stored=True,
        is_changed=False,
    )


async def store_versions(db: asyncpg.Connection, requests: Mapping[UUID, Request]) -> None:
    """Insert what is new and update what changed."""
    changed = [version for request in requests.values() for version in request if version.is_changed]
    changed.sort(key=lambda one: (one.submission.request_id, one.number))
    new = [one for one in changed if not one.is_stored]
    old = [one for one in changed if one.is_stored]
    if new:
        await db.execute(_INSERT_VERSIONS, *_columns([_new_row(one) for one in new]))
    if old:
        await db.execute(_UPDATE_VERSIONS, *_columns([_changed_row(one) for one in old]))


def _new_row(one: Version) -> tuple[Any, ...]:
    submission = one.submission
    rendering = submission.request.rendering_provider
    return (
        submission.request_id,
        submission.version,
        one.state.value,
        one.reason,
        one.latest_event,
        one.decision_id,
        one.stop_cause,
        submission.request.payer,
        submission.received_on,
        one.charge_cents,
        one.paid_cents,
        None if one.rule_set is None else bytes.fromhex(one.rule_set),
        findings_to_json(one.findings),
        one.decided_at,
        one.body or submission.__pydantic_serializer__.to_json(submission),
        _joined(one.shown),
        one.assignee,
        one.reference_revision or 0,
        one.verdict,
        one.verdict_cents,
        readings_to_json(one.readings),
        readings_to_json(one.settled_readings),
        handling_to_json(one.handling),
        submission.payee_id,
        None if rendering is None else int(rendering),
        None if one.pack is None else bytes.fromhex(one.pack),
    )


def _changed_row(one: Version) -> tuple[Any, ...]:
    return (
        one.submission.request_id,
        one.number,
        one.state.value,
        one.reason,
        one.latest_event,
        one.decision_id,
        one.stop_cause,
        one.paid_cents,
        None if one.rule_set is None else bytes.fromhex(one.rule_set),
        findings_to_json(one.findings),
        one.decided_at,
        _joined(one.shown),
        one.assignee,
        one.verdict,
        one.verdict_cents,
        readings_to_json(one.readings),
        readings_to_json(one.settled_readings),
        handling_to_json(one.handling),
    )


async def lock_bill_keys(db: asyncpg.Connection, keys: Sequence[BillKey]) -> BillClaims:
    """Who owns these keys now. Existing rows are locked, in order of key."""
    rows = await db.fetch(_LOCK_BILL_KEYS, keys) if keys else []
    return BillClaims(
        {row["key"]: _plain(row["owner"]) for row in rows},
        {row["key"]: _ids(row["beside"]) for row in rows if row["beside"]},
    )


async def store_bill_keys(db: asyncpg.Connection, claims: BillClaims) -> None:
    """Store what was claimed and released. Raises ClaimedByAnother where a new key was taken in the meantime."""
    keys, owners = claims.new()
    if keys:
        try:
            await db.execute(_CLAIM_BILL_KEYS, keys, owners, _beside(claims, keys))
        except asyncpg.UniqueViolationError:
            raise ClaimedByAnother("a bill key was claimed by another request at the same moment") from None
    changed, new_owners = claims.changed()
    if changed:
        await db.execute(_CHANGE_BILL_KEYS, changed, new_owners, _beside(claims, changed))


def _beside(claims: BillClaims, keys: Sequence[BillKey]) -> list[str | None]:
    return [_joined(claims.beside.get(key, ())) for key in keys]


def _joined(ids: Sequence[UUID]) -> str | None:
    """Arrays of arrays must be of one length for PostgreSQL: a list of ids travels as text."""
    return ",".join(map(str, ids)) or None


def _ids(found: Sequence[UUID] | None) -> tuple[UUID, ...]:
    return tuple(UUID(int=one.int) for one in found or ())


async def reviewers_among(db: asyncpg.Connection, people: Sequence[UUID]) -> frozenset[UUID]:
    """Which of these people may look at reviews now."""
    if not people:
        return frozenset()
    heard = [PersonRecorded.model_validate_json(row["body"]) for row in await db.fetch(_READ_PEOPLE, people)]
    return frozenset(
        one.person_id for one in heard if one.active and any(held.role == "reviewer" for held in one.roles)
    )


async def refresh_reference(db: asyncpg.Connection, reference: Reference) -> None:
    """Take in what was recorded since this memory was last refreshed: usually nothing, found out by one number.

    The revision's row is locked by who raises it until he commits, so all rows up to the revision read are visible.
    """
    last = await db.fetchval("select last from reference_revision")
    while (begun := reference.revision) != last:
        anew = begun == 0 or last < begun  # lower: the database was put back to an earlier point
        rows = await db.fetch(_READ_REFERENCE if anew else _READ_REFERENCE_SINCE, 0 if anew else begun)
        # Behind the rows: of no earlier revision than they.
        lists = await read_lists(db, reference.screening.lists)
        cleared, taken_back = await read_cleared(db, 0 if anew else begun)
        if reference.revision != begun:  # another slice of this process took something in meanwhile
            if reference.revision > last:
                return
            continue
        reference.screening.hold(
            lists, cleared if anew else (reference.screening.cleared | cleared) - taken_back
        )
        if anew:
            reference.clear()
        applied = [(row["revision"], KINDS[row["kind"]].model_validate_json(row["body"])) for row in rows]
        reference.take_applied(applied, whole=not anew)
        reference.revision = max([last, *(row["revision"] for row in rows)])
        return


async def store_reference(db: asyncpg.Connection, entities: Mapping[tuple[str, str], Entity]) -> None:
    """Put entities whose version rises, and keep them in the history; a lower or equal version changes nothing."""
    if not entities:
        return
    revision = await raise_revision(db)
    rows = [
        (kind, name, one.version, one.model_dump_json().encode()) for (kind, name), one in entities.items()
    ]
    await db.execute(_PUT_REFERENCE, *_columns(rows), revision)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _plain(value: UUID | None) -> UUID | None:
    """asyncpg's own UUID class compares equal to ours but is slower to format; keep ours in the domain."""
    return None if value is None else UUID(int=value.int)
