"""What a person must be told of: money settled and not explained for long, and what does not agree."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "alter table payments add column settled_at timestamptz",
    "create index payments_mismatch on payments (payment_id) where state = 'mismatch'",
    "create index notices_mismatch on notices (request_id, version) where state = 'mismatch'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was remitted is never dropped")
