"""Partners, message ids, requests, raw bodies, files."""

from __future__ import annotations

from alembic import op

from chassis import create_chassis_tables, stack_mode

revision = "0001"
down_revision = None

PARTNERS = """
create table partners (
    partner text primary key,
    version bigint not null,
    name text not null,
    active boolean not null,
    payers text[] not null,
    api_key_sha256 text unique
);
"""

# Never purged, so kept narrow: a message id of a partner (hashed), the body that came under it, what it was answered.
MESSAGES = """
create table messages (
    id_key bytea primary key check (octet_length(id_key) = 16),
    body_hash bytea not null check (octet_length(body_hash) = 16),
    outcome text not null,
    request_id uuid,
    version smallint,
    problems text
);
"""

# Never purged. bodies: the hash of each accepted version's body, 16 bytes each, one after the other.
REQUESTS = """
create table requests (
    request_id uuid primary key,
    partner text not null,
    number text not null,
    bodies bytea not null check (octet_length(bodies) > 0 and octet_length(bodies) % 16 = 0),
    ended text check (ended in ('withdrawn', 'voided')),
    received_at timestamptz not null default now()
) with (fillfactor = 90);
"""

# As they came; partitioned by month, and may go. Found by the time in requests.received_at, which is the same.
BODIES = """
create table bodies (
    received_at timestamptz not null default now(),
    partner text not null,
    source text not null,
    outcome text not null,
    request_id uuid,
    version smallint,
    body bytea not null
) partition by range (received_at);
create index bodies_received on bodies using brin (received_at) with (pages_per_range = 16);
create table bodies_default partition of bodies default;
"""

# A month's partition is made before its first row would fall into the default one.
MONTHS = """
create function make_body_months(ahead integer) returns integer language plpgsql as $$
declare first date; made integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('make_body_months'));
    for first in select generate_series(date_trunc('month', now()), now() + make_interval(months => ahead),
                                        '1 month')::date loop
        if to_regclass(format('bodies_%s', to_char(first, 'YYYY_MM'))) is null then
            execute format('create table bodies_%s partition of bodies for values from (%L) to (%L)',
                           to_char(first, 'YYYY_MM'), first, (first + interval '1 month')::date);
            made := made + 1;
        end if;
    end loop;
    return made;
end $$
"""

FILES = """
create table files (
    receipt_id uuid primary key,
    partner text not null,
    format text not null check (format in ('837p', 'csv')),
    sha256 bytea not null check (octet_length(sha256) = 32),
    bytes bigint not null,
    state text not null check (state in ('waiting', 'answered', 'refused')),
    claims integer,
    answered integer not null default 0,
    problems text,
    worked_until timestamptz not null default '-infinity',
    received_at timestamptz not null default now()
);
create index files_waiting on files (received_at) where state = 'waiting';
create table file_parts (
    receipt_id uuid not null references files,
    part integer not null,
    bytes bytea not null,
    primary key (receipt_id, part)
);
alter table file_parts alter column bytes set storage external;
create table file_claims (
    receipt_id uuid not null references files,
    position integer not null,
    number text,
    outcome text not null,
    request_id uuid,
    version smallint,
    problems text,
    primary key (receipt_id, position)
);
"""


def upgrade() -> None:
    create_chassis_tables(op, stack_mode())
    for tables in (PARTNERS, MESSAGES, REQUESTS, BODIES, FILES):
        for statement in tables.split(";\n"):
            if statement.strip():
                op.execute(statement)
    op.execute(MONTHS)
    op.execute("select make_body_months(2)")


def downgrade() -> None:
    raise NotImplementedError("what was taken in is not forgotten")
