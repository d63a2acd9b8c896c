"""Versions of requests as decided, bill keys, reference data."""

from __future__ import annotations

from alembic import op

from chassis import create_chassis_tables, stack_mode

revision = "0001"
down_revision = None

# The body is what was received, as JSON bytes: a version that waits, is reviewed or recalled is decided from it again.
VERSIONS = """
create table versions (
    request_id uuid not null,
    version smallint not null,
    state text not null,
    reason text,
    latest_event uuid,
    decision_id uuid,
    stop_cause text,
    payer text not null,
    received_on date not null,
    charge_cents bigint not null,
    paid_cents bigint,
    rule_set bytea,
    findings bytea,
    decided_at timestamptz not null,
    body bytea not null,
    primary key (request_id, version)
) with (fillfactor = 85);
create index versions_open on versions (decided_at, request_id) where state in ('review', 'exception')
"""

# Never purged; 16 partitions by hash, so that each index stays small enough to be vacuumed and rebuilt by itself.
BILL_KEYS = """
create table bill_keys (
    key bytea primary key,
    owner uuid
) partition by hash (key)
"""
BILL_KEY_PARTITIONS = 16

REFERENCE = """
create table reference_revision (
    one boolean primary key default true check (one),
    last bigint not null
) with (fillfactor = 50);
insert into reference_revision (last) values (0);
create table reference (
    kind text not null,
    id text not null,
    version bigint not null,
    revision bigint not null,
    body bytea not null,
    primary key (kind, id)
);
create index reference_by_revision on reference (revision)
"""


def upgrade() -> None:
    create_chassis_tables(op, stack_mode())
    for script in (VERSIONS, BILL_KEYS, REFERENCE):
        for statement in script.split(";\n"):
            op.execute(statement)
    for part in range(BILL_KEY_PARTITIONS):
        op.execute(
            f"create table bill_keys_{part:02d} partition of bill_keys"
            f" for values with (modulus {BILL_KEY_PARTITIONS}, remainder {part})"
        )


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
