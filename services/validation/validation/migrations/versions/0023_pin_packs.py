"""By which pack a version is decided: the hash of what that decides, empty where there was none. Null: no programme's
with packs, or from before."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("alter table versions add column pack bytea")


def downgrade() -> None:
    raise NotImplementedError("by what requests were decided is never dropped")
