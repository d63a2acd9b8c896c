"""Until when a decision can be disputed, and the dispute of the one that stands."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute(
        """alter table versions add column appeal_until date, add column dispute_id uuid,
           add column dispute_command uuid, add column disputed_at timestamptz, add column dispute_outcome text"""
    )
    op.execute(
        """create index versions_disputed on versions (disputed_at, request_id)
           where dispute_id is not null and dispute_outcome is null"""
    )


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
