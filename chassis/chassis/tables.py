"""The chassis' own tables, in the schema ``chassis`` of each service's database."""

from __future__ import annotations

from typing import Any

# fillfactor 70 keeps the updates of positions and counters HOT; packs are compressed already, so stored EXTERNAL.
CREATE = """
create schema chassis;
create table chassis.stack (
    one boolean primary key default true check (one),
    mode text not null check (mode in ('sandbox', 'live')),
    marked_at timestamptz not null default clock_timestamp()
);
create table chassis.positions (
    topic text not null,
    partition int not null,
    epoch bigint not null default 0,
    owner text not null default '',
    next bigint not null default 0,
    applied bigint not null default 0,
    applied_id uuid,
    last_hash bytea,
    parked int not null default 0,
    topic_id uuid,
    primary key (topic, partition)
) with (fillfactor = 70);
create table chassis.counters (
    topic text not null,
    partition int not null,
    last bigint not null,
    primary key (topic, partition)
) with (fillfactor = 70);
create table chassis.outbox (
    name text primary key,
    body bytea not null,
    stored_at timestamptz not null default clock_timestamp(),
    touched_at timestamptz not null default clock_timestamp()
) with (fillfactor = 70);
alter table chassis.outbox alter column body set storage external;
create table chassis.parked (
    topic text not null,
    partition int not null,
    "offset" bigint not null,
    sequence bigint,
    key bytea,
    value bytea,
    headers bytea not null,
    timestamp_ms bigint not null,
    timestamp_type int not null,
    reason text not null,
    field text,
    error text,
    parked_at timestamptz not null default clock_timestamp(),
    released_at timestamptz,
    released_by text,
    primary key (topic, partition, "offset")
);
create index parked_key on chassis.parked (topic, partition, key, "offset");
create index parked_released on chassis.parked (released_at) where released_at is not null;
create table chassis.discarded (like chassis.parked including defaults);
alter table chassis.discarded add column actor text not null, add column second_actor text not null,
    add column note text not null, add column discarded_at timestamptz not null default clock_timestamp();
create table chassis.heard_commands (
    speaker text not null,
    id uuid not null,
    body_hash bytea not null,
    primary key (speaker, id)
);
create table chassis.entity_versions (
    topic text not null,
    key text not null,
    version bigint not null,
    primary key (topic, key)
) with (fillfactor = 70);
"""

# What the log holds above the counters of a database that was put back (said_before.py, recover.py), and who had how
# many records redriven.
CREATE_RECOVERY = """
create table chassis.said_before (
    id uuid primary key,
    topic text not null,
    partition int not null,
    sequence bigint not null,
    "offset" bigint not null,
    type text not null,
    key text not null,
    cause uuid,
    content_hash bytea not null,
    value bytea,
    made_at timestamptz,
    accepted_at timestamptz
);
create index said_before_cause on chassis.said_before (cause);
create index said_before_left on chassis.said_before (type) where made_at is null;
create table chassis.heard_before (
    topic text not null,
    partition int not null,
    until bigint not null,
    primary key (topic, partition)
);
create table chassis.recoveries (
    recovery_id bigint generated always as identity primary key,
    what text not null check (what in ('recover', 'accept')),
    actor text not null,
    note text not null,
    said_before int not null,
    voided int not null,
    recovered_at timestamptz not null default clock_timestamp()
);
create table chassis.redrives (
    actor text not null,
    records int not null,
    asked_at timestamptz not null default clock_timestamp()
);
create index redrives_of_actor on chassis.redrives (actor, asked_at);
"""

CREATE_PEOPLE = """
create table chassis.organisations (
    organisation_id uuid primary key,
    version bigint not null,
    body bytea not null
);
create table chassis.people (
    person_id uuid primary key,
    version bigint not null,
    body bytea not null
);
create table chassis.people_keys (
    kid text primary key,
    person_id uuid not null
);
"""


def create_chassis_tables(op: Any, mode: str) -> None:
    """Called by the first Alembic migration of every service: ``create_chassis_tables(op, stack_mode())``.

    ``mode`` ('sandbox' or 'live') marks the database for good.
    """
    if mode not in ("sandbox", "live"):
        raise ValueError(f"a stack is sandbox or live, not {mode!r}")
    _execute(op, CREATE)
    op.execute(f"insert into chassis.stack (mode) values ('{mode}')")


def create_recovery_tables(op: Any) -> None:
    """Called by the revision of each service that brings the way back of a restored database."""
    _execute(op, CREATE_RECOVERY)


def create_people_tables(op: Any) -> None:
    """Called by the revision of each service that brings people, to judge commands by."""
    _execute(op, CREATE_PEOPLE)


def _execute(op: Any, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)


def stack_mode() -> str:
    """The mode that the migration marks the database with: setting STACK_MODE."""
    from chassis.settings import stack_mode_setting

    return stack_mode_setting()
