"""Disputes that changed the decision, found without reading all versions: their next version is the provider's."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute(
        """create index versions_dispute_changed on versions (disputed_at, request_id)
           where dispute_outcome = 'changed'"""
    )


def downgrade() -> None:
    op.execute("drop index versions_dispute_changed")
