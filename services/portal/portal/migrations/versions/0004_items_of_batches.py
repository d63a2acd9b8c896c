"""Items know their batch: a batch that is held or released moves every request in it."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("alter table payment_items add column batch_id uuid")
    op.execute("create index payment_items_of_batch on payment_items (batch_id)")
    op.execute("alter table batches add column held text, add column released_at timestamptz")


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
