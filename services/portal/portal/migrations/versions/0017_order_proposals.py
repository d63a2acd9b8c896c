"""Orders that wait for a second person."""

from __future__ import annotations

from alembic import op

from portal.tenancy import OPERATIONS_ALONE, protected

revision = "0017"
down_revision = "0016"

# content: the note, and what the first person saw, sealed.
PROPOSED = """
create table order_proposals (
    proposal_id uuid primary key,
    payment_id uuid not null,
    cause text not null,
    content bytea not null,
    proposed_by uuid not null,
    proposed_in uuid not null,
    method text not null,
    proposed_at timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    approved boolean
);
create index order_proposals_waiting on order_proposals (proposed_at) where decided_at is null
"""


def upgrade() -> None:
    for statement in PROPOSED.split(";\n"):
        op.execute(statement)
    for statement in protected("order_proposals", OPERATIONS_ALONE, ""):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was proposed is not forgotten")
