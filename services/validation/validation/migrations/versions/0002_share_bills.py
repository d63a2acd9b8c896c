"""Who is paid beside a bill's owner because a reviewer said so, and which duplicates reviewers were shown."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("alter table bill_keys add column beside uuid[]")
    op.execute("alter table versions add column shown uuid[]")


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
