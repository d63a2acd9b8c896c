"""What a payee was approved, in order of the days on which they came in, for rules that ask of its past."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """In place of the index by payee alone: what is asked by payee still begins with it."""
    op.execute("drop index versions_of_payee")
    op.execute(
        "create index versions_of_payee on versions (payee_id, received_on) where state in ('approved', 'final')"
    )


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
