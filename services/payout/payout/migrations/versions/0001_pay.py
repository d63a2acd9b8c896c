"""Payees and accounts, items, batches and payments, the ledger, what the bank said, what is still to be done."""

from __future__ import annotations

from alembic import op

from chassis import create_chassis_tables, stack_mode

revision = "0001"
down_revision = None

PAYEES = """
create table payers (
    payer text primary key,
    name text not null,
    tin text not null check (tin ~ '^[0-9]{9}$'),
    bank text not null
);
create table payees (
    payee_id uuid primary key,
    kind text not null check (kind in ('npi', 'programme')),
    identifier text not null,
    name text not null
);
create table accounts (
    token text primary key,
    payee_id uuid not null,
    state text not null check (state in ('unconfirmed', 'active', 'held', 'replaced')),
    sealed bytea not null,
    fingerprint bytea not null check (octet_length(fingerprint) = 32),
    mask text not null check (length(translate(mask, '•', '')) <= 4),
    payable_from date,
    requested_by text not null,
    confirmed_by text check (confirmed_by <> requested_by),
    return_code text,
    previous_token text,
    opened_at timestamptz not null default clock_timestamp(),
    check ((state = 'unconfirmed') = (payable_from is null) or state = 'replaced')
) with (fillfactor = 80);
create unique index accounts_in_use on accounts (payee_id) where state in ('active', 'held');
create unique index accounts_unconfirmed on accounts (payee_id) where state = 'unconfirmed';
"""

# One live item per request: a new version or decision is paid nothing while an older one may still be.
ITEMS = """
create table items (
    decision_id uuid primary key,
    request_id uuid not null,
    version int not null,
    payer text not null,
    payee_id uuid not null,
    programme text not null,
    cents bigint not null check (cents >= 0),
    state text not null check (state in ('waiting', 'held', 'scheduled', 'stopped', 'unpaid')),
    reason text check ((state = 'held') = (reason is not null)),
    waiting_since timestamptz not null,
    payment_id uuid,
    came_back boolean not null default false,
    announced boolean not null default true,
    revoked_by uuid,
    correlation_id text not null,
    adjudication bytea not null,
    check (state <> 'scheduled' or payment_id is not null),
    check ((cents = 0) = (state = 'unpaid') or state = 'stopped')
) with (fillfactor = 80);
alter table items alter column adjudication set storage external;
create index items_of_request on items (request_id);
create index items_waiting on items (payer, waiting_since) where state = 'waiting';
create index items_held_of_payee on items (payee_id) where state = 'held';
create index items_of_payment on items (payment_id) where payment_id is not null;
create index items_to_announce on items (decision_id) where not announced;
create unique index items_live on items (request_id) where state in ('waiting', 'scheduled');
"""

BATCHES = """
create table batches (
    batch_id uuid primary key,
    bank text not null,
    window_id text not null,
    closed_at timestamptz not null default clock_timestamp(),
    effective_date date not null,
    payment_count int not null default 0,
    total_cents bigint not null default 0,
    entry_hash bigint not null default 0,
    state text not null check (state in (
        'empty', 'built', 'intended', 'unknown', 'delivered', 'acknowledged', 'refused')),
    file_name text unique,
    file_sha256 text,
    file_size bigint,
    file_bytes bytea,
    part_name text,
    intended_at timestamptz,
    resolved_by text,
    unique (bank, window_id),
    check (state = 'empty' or (file_bytes is not null and file_sha256 is not null and file_name is not null)),
    check (state not in ('intended', 'unknown') or part_name is not null)
);
alter table batches alter column file_bytes set storage external;
create table payments (
    payment_id uuid primary key,
    batch_id uuid not null references batches,
    payer text not null,
    payee_id uuid not null,
    payee_name text not null,
    account_token text not null,
    account_mask text not null,
    programme text not null,
    cents bigint not null check (cents > 0 and cents <= 9999999999),
    item_count int not null check (item_count > 0),
    items_hash text not null,
    trace_number text not null unique,
    payer_trace_id text not null,
    ach_trace text not null,
    odfi_routing text not null,
    rdfi_routing text not null,
    effective_date date not null,
    state text not null check (state in ('scheduled', 'sent', 'settled', 'returned', 'refused')),
    settled_on date,
    statement_reference text,
    return_code text,
    returned_on date,
    return_trace text,
    unique (ach_trace, effective_date)
) with (fillfactor = 80);
create index payments_of_batch on payments (batch_id);
create index payments_to_announce on payments (payment_id) where state = 'scheduled';
create index payments_sent on payments (effective_date) where state = 'sent';
create table trace_numbers (odfi text primary key, last int not null);
create table file_days (bank text, day date, used int not null, primary key (bank, day));
"""

# One row is both sides of an entry: it cannot be unbalanced. The view shows the postings.
LEDGER = """
create table journal (
    entry_id uuid primary key,
    step text not null,
    payer text not null,
    subject text not null,
    debited text not null,
    credited text not null check (credited <> debited),
    cents bigint not null check (cents > 0),
    posted_at timestamptz not null default clock_timestamp()
);
create index journal_of_subject on journal (subject);
create view postings as
    select entry_id, payer, debited as account, cents from journal
    union all
    select entry_id, payer, credited, -cents from journal;
"""

BANK_FILES = """
create table bank_files (
    file_id uuid primary key,
    bank text not null,
    name text not null,
    sha256 text not null,
    size bigint not null,
    content bytea not null,
    state text not null check (state in ('kept', 'posted', 'duplicate', 'held', 'refused')),
    reason text,
    arrived_at timestamptz not null default clock_timestamp(),
    unique (bank, name, sha256)
);
create index bank_files_content on bank_files (bank, sha256);
create index bank_files_to_post on bank_files (arrived_at) where state = 'kept';
create table findings (
    finding_id uuid primary key,
    what text not null,
    file_id uuid references bank_files,
    batch_id uuid,
    payment_id uuid,
    line int,
    cents bigint,
    detail text not null default '',
    found_at timestamptz not null default clock_timestamp(),
    resolved_by text,
    resolved_at timestamptz
);
create index findings_open on findings (found_at) where resolved_at is null;
create table follow_ups (
    follow_up_id uuid primary key,
    kind text not null check (kind in ('hold_items', 'release_items')),
    subject uuid not null,
    reason text not null,
    stored_at timestamptz not null default clock_timestamp()
);
"""


def upgrade() -> None:
    create_chassis_tables(op, stack_mode())
    for tables in (PAYEES, ITEMS, BATCHES, LEDGER, BANK_FILES):
        for statement in tables.split(";\n"):
            if statement.strip():
                op.execute(statement)
