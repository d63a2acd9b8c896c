"""Remittances that a later version's decision, or a payment made again, takes the place of."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "alter table notices drop constraint notices_state_check",
    "alter table notices add constraint notices_state_check"
    " check (state in ('waiting', 'posted', 'mismatch', 'superseded'))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was remitted is never dropped")
