"""What was published everybody reads; only what writes the read model from the topics writes it."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("drop policy rule_sets_scope on rule_sets")
    op.execute("create policy rule_sets_read on rule_sets for select using (true)")
    written = "(select portal_sees('writer'))"
    op.execute(f"create policy rule_sets_written on rule_sets using ({written}) with check ({written})")


def downgrade() -> None:
    raise NotImplementedError("what was published and proposed is not forgotten")
