"""Payments with their items, decisions, notices without payment, remittances, payers and providers."""

from __future__ import annotations

from alembic import op

from chassis import create_chassis_tables, stack_mode

revision = "0001"
down_revision = None

# A row is made and locked by whoever hears of the payment first: an item, the sending, the settlement or the return.
PAYMENTS = """
create table payments (
    payment_id uuid primary key,
    sent bytea,
    settled_cents bigint,
    settled_by uuid,
    returned boolean not null default false,
    gone boolean not null default false,
    items_heard int not null default 0,
    state text not null default 'open' check (state in ('open', 'posted', 'mismatch'))
) with (fillfactor = 70);
create index payments_waiting on payments (payment_id)
    where state = 'open' and settled_cents is not null and not gone
"""

# Body: the adjudication as JSON bytes. A decision may be scheduled again under another payment after a return.
ITEMS = """
create table items (
    payment_id uuid not null,
    request_id uuid not null,
    version smallint not null,
    decision_id uuid not null,
    cents bigint not null,
    body bytea not null,
    primary key (payment_id, request_id, version)
);
create index items_by_decision on items (decision_id)
"""

# A row without content waits for its approval; it is locked by both who waits and who brings it.
DECISIONS = """
create table decisions (
    decision_id uuid primary key,
    paid_cents bigint,
    content_hash bytea
) with (fillfactor = 85)
"""

NOTICES = """
create table notices (
    request_id uuid not null,
    version smallint not null,
    event_id uuid not null,
    payer text not null,
    body bytea not null,
    state text not null check (state in ('waiting', 'posted', 'mismatch')),
    primary key (request_id, version)
) with (fillfactor = 85);
create index notices_waiting on notices (payer) where state = 'waiting'
"""

REMITTANCES = """
create table remittances (
    remittance_id uuid primary key,
    payment_id uuid unique,
    request_id uuid,
    version smallint,
    payer text not null,
    payee_id uuid not null,
    format text not null check (format in ('835', 'advice')),
    amount_cents bigint not null check (amount_cents >= 0),
    claim_count int not null,
    trace_number text not null unique,
    effective_date date not null,
    content_sha256 bytea not null,
    live boolean not null default true,
    posted_at timestamptz not null default clock_timestamp(),
    content_835 bytea,
    content_csv bytea not null,
    unique (request_id, version),
    check ((payment_id is null) <> (request_id is null))
) with (fillfactor = 95);
alter table remittances alter column content_835 set compression pglz;
create table remittance_claims (
    request_id uuid not null,
    version smallint not null,
    remittance_id uuid not null,
    primary key (request_id, version, remittance_id)
);
create sequence control_numbers as int minvalue 1 maxvalue 999999999 cycle
"""

REFERENCE = """
create table payers (payer text primary key, body bytea not null);
create table providers (payee_id uuid primary key, body bytea not null)
"""


def upgrade() -> None:
    create_chassis_tables(op, stack_mode())
    for script in (PAYMENTS, ITEMS, DECISIONS, NOTICES, REMITTANCES, REFERENCE):
        for statement in script.split(";\n"):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was remitted is never dropped")
