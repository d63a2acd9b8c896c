"""Why an exclusion list may have far fewer entries than the one before it, where somebody said so."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("alter table exclusion_parts add column shrinks_because text")
    op.execute("alter table exclusion_lists add column shrinks_because text")


def downgrade() -> None:
    raise NotImplementedError("by which lists payees were screened is never dropped")
