"""What people have done with a version so far."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("alter table versions add column handling bytea")


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
