"""The book of one slice, read and written: a handful of set-based statements, however many arrivals there are.

Two replicas, or a record and an HTTP request, may decide about one id or number at the same moment. Each row is
inserted once: who comes second finds it, gives up the transaction as a serialization failure, and decides again on
what the first one stored. Rows are locked and inserted in sorted order, requests before messages before new requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from operator import attrgetter
from uuid import UUID

import asyncpg

from intake import problem_text
from intake.arrival import Arrival, claim_number_range
from intake.attachments import holder_of
from intake.book import Book, FirstAnswer, Original, Partner
from intake.domain import Known
from intake.untrusted import Understood
from throughline.identifiers import claim_number_for
from throughline.requests import CorrectRequest, SubmitRequest

_PARTNERS = "select partner, payers from partners where active and partner = any($1::text[])"
_PARTNER_OF_KEY = "select partner from partners where active and api_key_sha256 = $1"
_MESSAGES = """
select id_key, body_hash, outcome, request_id, version, problems from messages where id_key = any($1::bytea[])
"""
_REQUESTS = "select request_id, bodies, ended from requests where request_id = any($1::uuid[])"
_REQUESTS_LOCKED = f"{_REQUESTS} order by request_id for update"
_ORIGINALS = """
select request_id, number from requests join unnest($1::uuid[], $2::uuid[]) as t (first, last)
    on request_id between first and last
where partner = $3
"""
_NEW_MESSAGES = """
insert into messages (id_key, body_hash, outcome, request_id, version, problems)
select * from unnest($1::bytea[], $2::bytea[], $3::text[], $4::uuid[], $5::smallint[], $6::text[]) as t (id)
order by id on conflict do nothing
"""
_NEW_REQUESTS = """
insert into requests (request_id, partner, number, bodies, ended)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[]) as t (id)
order by id on conflict do nothing
"""
_CHANGED_REQUESTS = """
update requests r set bodies = t.bodies, ended = t.ended
from unnest($1::uuid[], $2::bytea[], $3::text[]) as t (id, bodies, ended) where r.request_id = t.id
"""
_ATTACHMENTS = """
select holder, sha256, attachment_id from attachments
join unnest($1::text[], $2::bytea[]) as t (holder, sha256) using (holder, sha256)
order by attachment_id for key share of attachments
"""
_NAMED = "select request_id, sha256, attachment_id from named_attachments where request_id = any($1::uuid[])"
_NEW_NAMES = """
insert into named_attachments (request_id, sha256, attachment_id, payee_id)
select * from unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::uuid[]) as t (id, sha256) order by id, sha256
on conflict do nothing
"""
# Named for good: it is not counted or dropped any more.
_KEPT_FOR_GOOD = """
update attachments set unnamed_since = null where unnamed_since is not null and attachment_id in (
    select attachment_id from attachments where attachment_id = any($1::uuid[])
    order by attachment_id for no key update)
"""
_BODIES = """
insert into bodies (partner, source, outcome, request_id, version, body)
select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::smallint[], $6::bytea[])
"""

# Fifteen times faster than comparing UUIDs with each other, and the same order as PostgreSQL's.
_BY_INT = attrgetter("int")


async def load_book(db: asyncpg.Connection, arrivals: Sequence[Arrival], today: date) -> Book:
    """Everything that decisions about these arrivals can ask for. Locks the requests that may get a new version."""
    book = Book(today, await load_partners(db, {arrival.partner for arrival in arrivals}))
    await _load_originals(db, arrivals, book)
    submitted, to_lock = _request_ids(arrivals, book)
    for query, ids in ((_REQUESTS_LOCKED, to_lock), (_REQUESTS, submitted - to_lock)):
        if ids:
            rows = await db.fetch(query, list(ids))
            book.requests.update((row[0], Known(row[1], row[2])) for row in rows)
    await _load_attachments(db, arrivals, book)
    keys = [arrival.id_key for arrival in arrivals if arrival.id_key is not None]
    if keys:
        for row in await db.fetch(_MESSAGES, keys):
            book.answers[row[0]] = FirstAnswer(row[1], row[2], row[3], row[4], problem_text.read(row[5]))
    return book


async def load_partners(db: asyncpg.Connection, names: Iterable[str]) -> dict[str, Partner]:
    """Those of the named partners who may send."""
    return {row[0]: Partner(row[0], tuple(row[1])) for row in await db.fetch(_PARTNERS, list(names))}


async def store_book(db: asyncpg.Connection, book: Book) -> None:
    """Write what was decided. Raises a serialization failure where another transaction was first."""
    if book.new_answers:
        keys = sorted(book.new_answers)
        answers = [book.new_answers[key] for key in keys]
        status = await db.execute(
            _NEW_MESSAGES,
            keys,
            [one.body_hash for one in answers],
            [one.outcome for one in answers],
            [one.request_id for one in answers],
            [one.version for one in answers],
            [problem_text.write(one.problems) for one in answers],
        )
        _all_or_again(status, len(keys))
    await _store_requests(db, book)
    if book.new_names:
        await db.execute(
            _NEW_NAMES,
            [request_id for request_id, _ in book.new_names],
            [bytes.fromhex(sha256) for _, sha256 in book.new_names],
            [attachment_id for attachment_id, _ in book.new_names.values()],
            [payee_id for _, payee_id in book.new_names.values()],
        )
        named = sorted({attachment_id for attachment_id, _ in book.new_names.values()})
        await db.execute(_KEPT_FOR_GOOD, named)
    if book.bodies:
        kept = book.bodies
        await db.execute(
            _BODIES,
            [one.arrival.partner for one in kept],
            [one.arrival.source for one in kept],
            [one.outcome for one in kept],
            [one.arrival.request_id for one in kept],
            [one.version for one in kept],
            [one.arrival.value for one in kept],
        )


async def partner_of_key(db: asyncpg.Pool, key_sha256: str) -> str | None:
    """The active partner whose API key has this hash."""
    partner: str | None = await db.fetchval(_PARTNER_OF_KEY, key_sha256)
    return partner


async def _store_requests(db: asyncpg.Connection, book: Book) -> None:
    if book.new_requests:
        ids = sorted(book.new_requests, key=_BY_INT)
        status = await db.execute(
            _NEW_REQUESTS,
            ids,
            [book.new_requests[id][0] for id in ids],
            [book.new_requests[id][1] for id in ids],
            [book.requests[id].bodies for id in ids],
            [book.requests[id].ended for id in ids],
        )
        _all_or_again(status, len(ids))
    if book.changed_requests:
        ids = sorted(book.changed_requests, key=_BY_INT)
        await db.execute(
            _CHANGED_REQUESTS,
            ids,
            [book.requests[id].bodies for id in ids],
            [book.requests[id].ended for id in ids],
        )


async def _load_originals(db: asyncpg.Connection, arrivals: Iterable[Arrival], book: Book) -> None:
    """Which requests the claim numbers belong to that replacements and voids of a file name."""
    ranges, partner = [], ""
    for arrival in arrivals:
        number = _original_named(arrival)
        if number is not None:
            partner = arrival.partner
            found = claim_number_range(number)
            if found is not None:
                ranges.append(found)
    if ranges:
        rows = await db.fetch(_ORIGINALS, [one[0] for one in ranges], [one[1] for one in ranges], partner)
        book.originals = {claim_number_for(row[0]): Original(row[0], row[1]) for row in rows}


async def _load_attachments(db: asyncpg.Connection, arrivals: Iterable[Arrival], book: Book) -> None:
    """Of the attachments that arrivals name, those their senders sent, and those their requests named before."""
    wanted: set[tuple[str, str]] = set()
    requests: set[UUID] = set()
    for arrival in arrivals:
        command = arrival.reading.command if isinstance(arrival.reading, Understood) else None
        if isinstance(command, SubmitRequest | CorrectRequest) and command.request.attachments:
            holder = holder_of(arrival.partner, arrival.signer)
            wanted.update((holder, one.sha256) for one in command.request.attachments)
            if arrival.request_id is not None:
                requests.add(arrival.request_id)
    if wanted:
        holders, digests = [one[0] for one in wanted], [bytes.fromhex(one[1]) for one in wanted]
        rows = await db.fetch(_ATTACHMENTS, holders, digests)
        book.attachments = {(row[0], row[1].hex()): row[2] for row in rows}
        rows = await db.fetch(_NAMED, list(requests))
        book.named = {(row[0], row[1].hex()): row[2] for row in rows}


def _request_ids(arrivals: Iterable[Arrival], book: Book) -> tuple[set[UUID], set[UUID]]:
    """The requests that the arrivals are about, and those of them that may change."""
    named: set[UUID] = set()
    to_lock = {original.request_id for original in book.originals.values()}
    for arrival in arrivals:
        if arrival.request_id is None or not isinstance(arrival.reading, Understood):
            continue
        named.add(arrival.request_id)
        command = arrival.reading.command
        if type(command) is not SubmitRequest or command.request.frequency != "1":
            to_lock.add(arrival.request_id)
    return named, to_lock


def _original_named(arrival: Arrival) -> str | None:
    if arrival.channel in ("kafka", "http") or not isinstance(arrival.reading, Understood):
        return None
    command = arrival.reading.command
    if not isinstance(command, SubmitRequest) or command.request.frequency == "1":
        return None
    return command.request.payer_claim_number


def _all_or_again(status: str, expected: int) -> None:
    if int(status.rsplit(" ", 1)[1]) != expected:
        raise asyncpg.SerializationError("another transaction was first; decide again on what it stored")
