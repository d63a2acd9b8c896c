"""Who looks at a review or an exception while it waits."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("alter table versions add column assignee uuid")


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
