"""The read model: requests and their versions, payments, remittances, accounts, what is on record, who may see it."""

from __future__ import annotations

from alembic import op

from portal.tenancy import BY_PAYEE, OPERATIONS_ALONE, protected

revision = "0003"
down_revision = "0002"

REFERENCE = """
create table payers (
    payer text primary key,
    name text,
    bank text,
    auto_approve_below_cents bigint,
    second_approval_cents bigint
);
create table partners (
    partner text primary key,
    name text,
    active boolean
);
create table payees (
    payee_id uuid primary key,
    name text,
    kind text,
    identifier text,
    npi text,
    active boolean,
    enrolled_from date,
    enrolled_to date,
    private bytea
)
"""

# Rows are made empty and locked by whoever hears of them first; a row without a payee is seen by operations alone.
REQUESTS = """
create table requests (
    request_id uuid primary key,
    payee_id uuid,
    partner text,
    number text,
    payer text,
    programme text,
    channel text,
    version smallint,
    state text,
    substatus text,
    reason text,
    acts text not null default '',
    charge_cents bigint,
    paid_cents bigint,
    first_service date,
    last_service date,
    received_on date,
    received_at timestamptz,
    changed_at timestamptz,
    payment_id uuid
) with (fillfactor = 80);
create index requests_of_payee on requests (payee_id, changed_at desc, request_id desc);
create index requests_of_payee_by_state on requests (payee_id, state, changed_at desc, request_id desc);
create index requests_of_payee_by_number on requests (payee_id, number text_pattern_ops);
create index requests_of_payee_to_act on requests (payee_id, changed_at desc) where acts = 'provider';
create index requests_by_state on requests (state, received_at, request_id)
"""

# content: the request as it was sent, sealed. lines: the priced lines as decided, which name nobody.
VERSIONS = """
create table versions (
    request_id uuid not null,
    version smallint not null,
    payee_id uuid,
    partner text,
    number text,
    payer text,
    programme text,
    channel text,
    frequency text,
    replaces_version smallint,
    payer_claim_number text,
    received_on date,
    received_at timestamptz,
    submitted_by uuid,
    first_service date,
    last_service date,
    charge_cents bigint,
    content bytea,
    state text,
    substatus text,
    decision text,
    decision_id uuid,
    decided_at timestamptz,
    decided_by text,
    reason text,
    findings jsonb,
    lines jsonb,
    proposed_cents bigint,
    allowed_cents bigint,
    paid_cents bigint,
    patient_cents bigint,
    other_request_id uuid,
    note bytea,
    primary key (request_id, version)
) with (fillfactor = 80);
create index versions_beside on versions (other_request_id) where other_request_id is not null
"""

# subject: a request, a payment or a payee. moves: whether the fold of the states asks about it.
TOLD = """
create table told (
    subject uuid not null,
    id uuid not null,
    topic text not null,
    key text not null,
    seq bigint not null,
    at timestamptz not null,
    type text not null,
    moves boolean not null,
    actor text,
    facts jsonb not null,
    note bytea,
    primary key (subject, id)
)
"""

PAYMENTS = """
create table payments (
    payment_id uuid primary key,
    payee_id uuid,
    payer text,
    batch_id uuid,
    amount_cents bigint,
    item_count int,
    account_mask text,
    trace_number text,
    effective_date date,
    sent_at timestamptz,
    settled_on date,
    return_window_ends_on date,
    returned_on date,
    return_code text,
    refused text,
    remittance_id uuid,
    remitted_at timestamptz,
    mismatch text,
    state text generated always as (case
        when returned_on is not null then 'returned' when refused is not null then 'refused'
        when settled_on is not null then 'settled' when sent_at is not null then 'sent'
        else 'scheduled' end) stored
) with (fillfactor = 80);
create index payments_of_payee on payments (payee_id, effective_date desc, payment_id desc);
create index payments_of_batch on payments (batch_id);
create table payment_items (
    payment_id uuid not null,
    request_id uuid not null,
    version smallint not null,
    payee_id uuid not null,
    decision_id uuid not null,
    amount_cents bigint not null,
    primary key (payment_id, request_id, version)
);
create index payment_items_of_request on payment_items (request_id);
create table batches (
    batch_id uuid primary key,
    bank text,
    "window" text,
    closed_at timestamptz,
    effective_date date,
    payment_count int,
    total_cents bigint,
    file_name text,
    refused text
)
"""

REMITTANCES = """
create table remittances (
    remittance_id uuid primary key,
    payee_id uuid,
    payer text,
    payment_id uuid,
    request_id uuid,
    version smallint,
    format text,
    amount_cents bigint,
    claim_count int,
    trace_number text,
    effective_date date,
    posted_at timestamptz,
    reversed_at timestamptz
);
create index remittances_of_payee on remittances (payee_id, effective_date desc, remittance_id desc);
create index remittances_of_request on remittances (request_id) where request_id is not null
"""

ACCOUNTS = """
create table payee_accounts (
    payee_id uuid primary key,
    token text,
    mask text,
    state text,
    payable_from date,
    reason text,
    return_code text,
    pending_token text,
    pending_mask text,
    changed_at timestamptz
)
"""

ON_RECORD = """
create table answers (
    id uuid primary key,
    partner text,
    receipt_id uuid,
    position int,
    topic text,
    partition int,
    "offset" bigint,
    outcome text,
    number text,
    request_id uuid,
    version smallint,
    problems jsonb,
    answered_at timestamptz
);
create index answers_by_receipt on answers (receipt_id, position) where receipt_id is not null;
create index answers_by_outcome on answers (outcome, answered_at desc);
create table refusals (
    id uuid primary key,
    command_id uuid,
    command_type text,
    reason text,
    detail text,
    request_id uuid,
    refused_at timestamptz
);
create index refusals_by_command on refusals (command_id);
create table parked_records (
    topic text not null,
    partition int not null,
    "offset" bigint not null,
    service text,
    sequence bigint,
    reason text,
    field text,
    value_sha256 text,
    value_bytes int,
    parked_at timestamptz,
    primary key (topic, partition, "offset")
)
"""

ANYBODY_KNOWN = "(select portal_sees('own', 'operations', 'writer'))"
OF_ITS_SUBJECT = (
    "(select portal_sees('operations', 'writer')) or (select portal_sees('own')) and ("
    "subject = any((select portal_payees())::uuid[])"
    " or exists (select from requests r where r.request_id = subject)"
    " or exists (select from payments p where p.payment_id = subject))"
)
OF_ITS_REQUEST = (
    "(select portal_sees('operations', 'writer')) or (select portal_sees('own'))"
    " and exists (select from requests r where r.request_id = {column})"
)


def upgrade() -> None:
    for block in (REFERENCE, REQUESTS, VERSIONS, TOLD, PAYMENTS, REMITTANCES, ACCOUNTS, ON_RECORD):
        for statement in block.split(";\n"):
            op.execute(statement)
    for table in ("payers", "partners"):
        _protect(table, ANYBODY_KNOWN)
    for table in (
        "payees",
        "requests",
        "versions",
        "payments",
        "payment_items",
        "remittances",
        "payee_accounts",
    ):
        _protect(table, BY_PAYEE, "payee_id")
    _protect("told", OF_ITS_SUBJECT)
    _protect("refusals", OF_ITS_REQUEST, "request_id")
    for table in ("batches", "answers", "parked_records"):
        _protect(table, OPERATIONS_ALONE)


def _protect(table: str, rule: str, column: str = "") -> None:
    for statement in protected(table, rule, column):
        op.execute(statement)
