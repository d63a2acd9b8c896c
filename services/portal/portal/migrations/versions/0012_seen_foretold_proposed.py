"""What people have seen, dates as they were foretold, and redrives that wait for a second person."""

from __future__ import annotations

from alembic import op

from portal.tenancy import BY_PAYEE, BY_PERSON, OPERATIONS_ALONE, protected

revision = "0012"
down_revision = "0011"

SEEN = """
create table notices_seen (
    person_id uuid not null,
    request_id uuid not null,
    changed_at timestamptz not null,
    primary key (person_id, request_id)
);
create table notices_since (
    person_id uuid primary key,
    since timestamptz not null
)
"""

# No table of the read model: what was foretold was foretold once, and no reading of the topics foretells it again.
FORETOLD = """
create table foretold (
    decision_id uuid primary key,
    request_id uuid not null,
    version smallint not null,
    payee_id uuid not null,
    foretold_on date not null,
    told_at timestamptz not null
);
create index foretold_by_time on foretold (told_at)
"""

PROPOSED = """
create table redrive_proposals (
    proposal_id uuid primary key,
    service text not null,
    reason text not null,
    count_max int not null,
    proposed_by uuid not null,
    proposed_in uuid not null,
    method text not null,
    proposed_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    approved boolean
);
create index redrive_proposals_waiting on redrive_proposals (proposed_at) where decided_at is null
"""

RULES = (
    ("notices_seen", BY_PERSON, "person_id"),
    ("notices_since", BY_PERSON, "person_id"),
    ("foretold", BY_PAYEE, "payee_id"),
    ("redrive_proposals", OPERATIONS_ALONE, ""),
)


def upgrade() -> None:
    for script in (SEEN, FORETOLD, PROPOSED):
        for statement in script.split(";\n"):
            op.execute(statement)
    for table, rule, column in RULES:
        for statement in protected(table, rule, column):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was promised and proposed is not forgotten")
