"""Who gave the first of two approvals, and from which amount on a payer asks for two."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("alter table versions add column first_approver uuid")
    op.execute("alter table payers add column two_approvers_from_cents bigint")


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
