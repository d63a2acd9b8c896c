"""What alone the next version of a returned request may change."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("alter table versions add column may_change jsonb")


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
