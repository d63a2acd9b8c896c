"""What the log holds above the counters of a database that was put back to an earlier point."""

from __future__ import annotations

from alembic import op

from chassis import create_recovery_tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_recovery_tables(op)


def downgrade() -> None:
    raise NotImplementedError("what was said is not forgotten")
