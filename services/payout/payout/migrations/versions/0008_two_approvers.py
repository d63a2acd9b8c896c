"""Who approved before, where two people must: neither releases the batch that pays it."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("alter table items add column first_approved_by text")


def downgrade() -> None:
    raise NotImplementedError("what was paid is never dropped")
