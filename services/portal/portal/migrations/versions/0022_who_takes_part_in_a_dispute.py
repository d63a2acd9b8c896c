"""Who gave the first approval of a decision, and who disputes it: neither decides the dispute."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("alter table versions add column first_decided_by text, add column disputed_by uuid")


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
