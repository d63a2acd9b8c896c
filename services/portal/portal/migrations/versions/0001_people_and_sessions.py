"""Organisations, people, their accounts and sessions, under row-level security."""

from __future__ import annotations

from alembic import op

from chassis import create_chassis_tables, create_people_tables, stack_mode
from portal.tenancy import BY_ORGANISATION, BY_PERSON, FUNCTIONS, PEOPLE_ALONE, SIGN_IN_ALONE, protected

revision = "0001"
down_revision = None

# As the topic `people` says them.
ORGANISATIONS = """
create table organisations (
    organisation_id uuid primary key,
    kind text not null check (kind in ('operations', 'biller', 'provider')),
    active boolean not null,
    version bigint not null
);
create table organisation_payees (
    organisation_id uuid not null,
    payee_id uuid not null,
    primary key (organisation_id, payee_id)
);
create index organisation_payees_by_payee on organisation_payees (payee_id);
create table people (
    person_id uuid primary key,
    active boolean not null,
    version bigint not null
);
create table person_roles (
    person_id uuid not null,
    role text not null,
    organisation_id uuid not null,
    primary key (person_id, role, organisation_id)
)
"""

# The portal's own: how a person signs in. Nothing of it leaves this database.
ACCOUNTS = """
create table accounts (
    person_id uuid primary key,
    login text not null unique check (login = lower(login)),
    display_name text not null,
    zone text not null default 'America/New_York',
    language text not null default 'en',
    password_hash text,
    totp_sealed bytea,
    totp_last_step bigint not null default 0,
    user_handle bytea not null unique
);
create table organisation_names (
    organisation_id uuid primary key,
    name text not null
);
create table passkeys (
    credential_id bytea primary key,
    person_id uuid not null,
    public_key bytea not null,
    sign_count bigint not null,
    relying_party text not null,
    name text not null,
    added_at timestamptz not null,
    used_at timestamptz
);
create index passkeys_of_person on passkeys (person_id);
create table sessions (
    session_id uuid primary key,
    token_hash bytea not null unique,
    person_id uuid not null,
    method text not null check (method in ('totp', 'passkey')),
    agent text not null,
    notices jsonb not null default '[]',
    started_at timestamptz not null,
    seen_at timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz
);
create index sessions_of_person on sessions (person_id) where ended_at is null;
create table ceremonies (
    ceremony_id uuid primary key,
    kind text not null check (kind in ('sign-in', 'add-passkey', 'step-up', 'invitation')),
    person_id uuid,
    session_id uuid,
    challenge bytea not null,
    about jsonb not null default '{}',
    ends_at timestamptz not null
);
create table people_changes (
    change_id uuid primary key,
    subject_id uuid not null,
    message text not null check (message in ('PersonRecorded', 'OrganisationRecorded')),
    command_id uuid not null unique,
    body bytea not null,
    note text not null,
    proposed_by uuid not null,
    proposed_in uuid not null,
    method text not null,
    proposed_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    approved boolean
);
create index people_changes_waiting on people_changes (proposed_at) where decided_at is null;
create table attempts (
    bucket text not null,
    minute timestamptz not null,
    tries integer not null,
    primary key (bucket, minute)
)
"""

RULES = (
    ("organisations", BY_ORGANISATION, "organisation_id"),
    ("organisation_payees", BY_ORGANISATION, "organisation_id"),
    ("people", BY_PERSON, "person_id"),
    ("person_roles", BY_PERSON, "person_id"),
    ("accounts", BY_PERSON, "person_id"),
    ("passkeys", BY_PERSON, "person_id"),
    ("sessions", BY_PERSON, "person_id"),
    ("ceremonies", BY_PERSON, "person_id"),
    ("organisation_names", BY_ORGANISATION, "organisation_id"),
    ("people_changes", PEOPLE_ALONE, ""),
    ("attempts", SIGN_IN_ALONE, ""),
)


def upgrade() -> None:
    create_chassis_tables(op, stack_mode())
    create_people_tables(op)
    for function in FUNCTIONS:
        op.execute(function)
    for script in (ORGANISATIONS, ACCOUNTS):
        for statement in script.split(";\n"):
            op.execute(statement)
    for table, rule, column in RULES:
        for statement in protected(table, rule, column):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("accounts of people are never dropped")
