"""By when a properly completed form must be paid, and since when that clock stands still."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute(
        "alter table versions add column complete_since date, add column pay_by date, add column pay_by_stopped date"
    )


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
