"""Batches of records, where they are mentioned, and the tree over them."""

from __future__ import annotations

from alembic import op

from chassis import create_chassis_tables, stack_mode

revision = "0001"
down_revision = None

# Packs are compressed already, so they are stored EXTERNAL. A low tuple target moves them out of the row, and
# giving a batch its place in the tree rewrites a hundred bytes and not the pack.
BATCHES = """
create table batches (
    id bigint generated always as identity primary key,
    topic text not null,
    partition integer not null check (partition >= 0),
    first_offset bigint not null check (first_offset >= 0),
    length integer not null check (length > 0),
    first_leaf bigint check (first_leaf >= 0),
    heard_at timestamptz not null default clock_timestamp(),
    leaf_hashes bytea not null check (octet_length(leaf_hashes) = 32 * length),
    records bytea not null,
    unique (topic, partition, first_offset)
) with (toast_tuple_target = 128, fillfactor = 90);
alter table batches alter column leaf_hashes set storage external;
alter table batches alter column records set storage external;
create unique index batches_in_tree on batches (first_leaf) where first_leaf is not null;
create index batches_waiting on batches (id) where first_leaf is null;
"""

# One row for each record and id it is found by; filled in bulk with its batch.
MENTIONS = """
create table mentions (
    term uuid not null,
    batch_id bigint not null,
    position integer not null
);
create index mentions_by_term on mentions (term);
"""

TREE = """
create table tree (
    one boolean primary key default true check (one),
    size bigint not null,
    edge bytea not null,
    epoch bigint not null,
    owner text not null,
    seen_at timestamptz not null
) with (fillfactor = 50);
insert into tree (size, edge, epoch, owner, seen_at) values (0, '', 0, '', '-infinity');
create table roots (
    size bigint primary key check (size > 0),
    root bytea not null check (octet_length(root) = 32),
    epoch bigint not null,
    written_at timestamptz not null default clock_timestamp()
);
create table subtrees (
    level smallint not null,
    position bigint not null,
    hash bytea not null check (octet_length(hash) = 32),
    primary key (level, position)
);
create table erasures (
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    actor text not null,
    note text not null,
    erased_at timestamptz not null default clock_timestamp(),
    primary key (topic, partition, record_offset)
);
"""


def upgrade() -> None:
    create_chassis_tables(op, stack_mode())
    for script in (BATCHES, MENTIONS, TREE):
        for statement in script.split(";\n"):
            if statement.strip():
                op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a kept record is never dropped")
