"""When each revision of reference data was applied, so that what stood on a day can be told."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        "create table reference_moments ("
        " revision bigint primary key, applied_at timestamptz not null default clock_timestamp())"
    )


def downgrade() -> None:
    raise NotImplementedError("when reference data came is never dropped")
