"""Rules as validation published them, and sets that wait for a second operator."""

from __future__ import annotations

from alembic import op

from portal.tenancy import OPERATIONS_ALONE, protected

revision = "0015"
down_revision = "0014"

# Read model: what everybody's forms go by. No row is anybody's own.
PUBLISHED = """
create table rule_sets (
    version bigint primary key,
    effective_from date,
    sha256 text,
    rule_count int,
    published_by uuid,
    second_person uuid,
    note text,
    published_at timestamptz
)
"""

PROPOSED = """
create table rule_proposals (
    proposal_id uuid primary key,
    version bigint not null,
    effective_from date not null,
    sha256 text not null,
    files bytea not null,
    note text not null,
    proposed_by uuid not null,
    proposed_in uuid not null,
    method text not null,
    proposed_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    approved boolean
);
create index rule_proposals_waiting on rule_proposals (proposed_at) where decided_at is null
"""


def upgrade() -> None:
    for script in (PUBLISHED, PROPOSED):
        for statement in script.split(";\n"):
            op.execute(statement)
    for statement in protected("rule_sets", "true"):
        op.execute(statement)
    for statement in protected("rule_proposals", OPERATIONS_ALONE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was published and proposed is not forgotten")
