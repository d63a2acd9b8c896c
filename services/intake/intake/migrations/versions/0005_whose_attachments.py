"""For which payee a request names an attachment: who acts for the payee may look at it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("alter table named_attachments add payee_id uuid")


def downgrade() -> None:
    raise NotImplementedError("what was taken in is not forgotten")
