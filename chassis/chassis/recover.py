"""`python -m <service> recover`: the way back of a database that was put back to an earlier point. Dry run by default.

Nothing is read back into the service's own tables. Counters rise to the log's highest sequence; what the log holds
above the old counters is remembered as said (said_before.py); void records fill holes that hearers would wait at for
ever. Then the service is started, hears again from its old positions, and makes the same without saying it twice.
"""

from __future__ import annotations

import asyncpg

from chassis.clock import event_time
from chassis.log_reading import At
from chassis.pack import WireRecord, pack
from chassis.recover_findings import CannotRecover, Findings
from chassis.restored import counters
from chassis.service import Service
from throughline.envelope import Envelope
from throughline.identifiers import derived
from throughline.message import TYPE_PREFIX
from throughline.voids import SequenceVoided

_PACK_RECORDS = 1_000

_SESSIONS = """
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and application_name like $1 || ' %'
"""
_REMEMBER = """
insert into chassis.said_before (id, topic, partition, sequence, "offset", type, key, cause, content_hash, value)
select * from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                     $8::uuid[], $9::bytea[], $10::bytea[])
on conflict do nothing
"""
_RAISE = """
insert into chassis.counters as c (topic, partition, last) select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set last = greatest(c.last, excluded.last)
"""
_BOUND = """
insert into chassis.heard_before as b (topic, partition, until)
select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set until = greatest(b.until, excluded.until)
"""
_STILL_HEARING = """
select exists (select from chassis.heard_before h left join chassis.positions p using (topic, partition)
    where coalesce(p.next, 0) < h.until)
"""
_NOTE = """
insert into chassis.recoveries (what, actor, note, said_before, voided) values ($1, $2, $3, $4, $5)
"""
_STORE = "insert into chassis.outbox (name, body) values ($1, $2)"


async def apply(service: Service, db: asyncpg.Connection, found: Findings, actor: str, note: str) -> None:
    """One transaction, all or nothing. Raises CannotRecover where a replica still runs or anything has moved."""
    async with db.transaction():
        await _must_be_alone(service, db)
        await db.execute("lock table chassis.counters in exclusive mode")
        if await counters(db) != found.counters:
            raise CannotRecover("The counters have moved meanwhile. Stop every replica, then begin again.")
        said = list(found.said.values())
        await db.execute(
            _REMEMBER,
            [one.id for one in said],
            [one.at[0] for one in said],
            [one.at[1] for one in said],
            [one.sequence for one in said],
            [one.offset for one in said],
            [one.type for one in said],
            [one.key for one in said],
            [one.cause for one in said],
            [one.content_hash for one in said],
            [one.value for one in said],
        )
        await db.execute(_BOUND, *_columns(found.until))
        await db.execute(_RAISE, *_columns(found.highest))
        voids = [
            _void(at, sequence, actor, note) for at, numbers in found.holes.items() for sequence in numbers
        ]
        for first in range(0, len(voids), _PACK_RECORDS):
            name = f"recovery/{event_time().isoformat()}/{first}"
            await db.execute(_STORE, name, pack(voids[first : first + _PACK_RECORDS]))
        await db.execute(_NOTE, "recover", actor, note, len(said), len(voids))


async def _must_be_alone(service: Service, db: asyncpg.Connection) -> None:
    if await db.fetchval(_SESSIONS, service.name):
        raise CannotRecover(f"A replica of {service.name} is still running. Stop every one of them first.")


def _columns(numbers: dict[At, int]) -> tuple[list[str], list[int], list[int]]:
    return [at[0] for at in numbers], [at[1] for at in numbers], list(numbers.values())


def _void(at: At, sequence: int, actor: str, note: str) -> WireRecord:
    key = f"{at[0]}/{at[1]}"
    event = SequenceVoided(topic=at[0], partition=at[1], sequence=sequence, actor=actor, note=note)
    headers = Envelope(
        id=derived("void", at[0], str(at[1]), str(sequence)),
        type=event.type_name(),
        source="recovery",
        time=event_time(),
        subject=key,
        dataschema=event.dataschema(),
        correlation_id=key,
        sequence=sequence,
    ).headers()
    return WireRecord(
        at[0], at[1], key.encode(), event.model_dump_json().encode(), headers, tuple(n for n, _ in headers)
    )


async def unmade(db: asyncpg.Connection) -> dict[str, int]:
    """What was said, is not made again and not accepted, by message."""
    rows = await db.fetch(
        "select type, count(*) from chassis.said_before where made_at is null and accepted_at is null group by type"
    )
    return {row[0].removeprefix(TYPE_PREFIX): row[1] for row in sorted(rows)}


async def accept(service: Service, db: asyncpg.Connection, messages: list[str], actor: str, note: str) -> int:
    """The log stands for these; the service goes on without having made them again. Returns how many there were."""
    never = {one.__name__ for one in service.never_accepted} & set(messages)
    if never:
        raise CannotRecover(f"{', '.join(sorted(never))} cannot be accepted: money could move twice.")
    async with db.transaction():
        await _must_be_alone(service, db)
        if await db.fetchval(_STILL_HEARING):
            raise CannotRecover(
                "The service has not heard everything again yet. Start it; accept what is left then."
            )
        status = await db.execute(
            "update chassis.said_before set accepted_at = clock_timestamp()"
            " where made_at is null and accepted_at is null and type = any($1::text[])",
            [TYPE_PREFIX + one for one in messages],
        )
        count = int(status.rsplit(" ", 1)[1])
        await db.execute(_NOTE, "accept", actor, note, count, 0)
    return count
