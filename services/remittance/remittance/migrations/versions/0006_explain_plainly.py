"""The bytes of a plain remittance: what explains a payment of no health-care claim. Never beside an 835."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("alter table remittances add column content_plain bytea")
    op.execute("alter table remittances add check (content_plain is null or content_835 is null)")


def downgrade() -> None:
    raise NotImplementedError("what was remitted is never dropped")
