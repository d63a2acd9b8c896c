"""How far drafts came, for the share of those that became requests."""

from __future__ import annotations

from alembic import op

from portal.tenancy import OPERATIONS_ALONE, protected

revision = "0013"
down_revision = "0012"

DRAFTS = """
create table draft_lives (
    draft_id uuid primary key,
    organisation_id uuid,
    kind text,
    step text,
    request_id uuid,
    ended boolean,
    changed_at timestamptz
);
create index draft_lives_by_time on draft_lives (changed_at)
"""


def upgrade() -> None:
    for statement in DRAFTS.split(";\n"):
        op.execute(statement)
    for statement in protected("draft_lives", OPERATIONS_ALONE):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
